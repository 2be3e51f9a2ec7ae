/** A vitest reporter that ends a run with one plain line: `N passed, N failed, N skipped`. */
export function countReporter() {
  return {
    onTestRunEnd(modules, errors) {
      const count = { passed: 0, failed: errors.length, skipped: 0 };
      for (const module of modules) {
        let tests = 0;
        for (const test of module.children.allTests()) {
          tests += 1;
          const state = test.result().state;
          if (state === 'passed') count.passed += 1;
          else if (state === 'skipped') count.skipped += 1;
          else count.failed += 1;
        }
        if (tests === 0 && module.state() === 'failed') count.failed += 1;
      }
      process.stdout.write(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
    },
  };
}
