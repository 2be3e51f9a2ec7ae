// `npm run check`: everything a reviewer would run, short of the tests.
import { spawnSync } from 'node:child_process';
import { root, run, setUpNpm } from './setup.mjs';

const bin = (name) => `node_modules/.bin/${name}`;

/** Fails when a layer rule is broken, and when the tool saw no modules at all. */
function checkLayers() {
  const args = ['packages', 'services', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'];
  const result = spawnSync(bin('depcruise'), args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.error) throw result.error;
  if (!result.stdout) throw new Error(`the layer check did not run: ${result.stderr}`);
  const { summary } = JSON.parse(result.stdout);
  for (const { rule, from, to } of summary.violations) console.error(`${rule.name}: ${from} → ${to}`);
  if (summary.violations.length > 0) throw new Error(`${summary.violations.length} imports break the layers`);
  if (summary.totalCruised < 20) throw new Error(`the layer check saw only ${summary.totalCruised} modules`);
  console.log(`layers: ${summary.totalCruised} modules, no violation`);
}

try {
  setUpNpm();
  run('generating', process.execPath, ['scripts/generate.mjs']);
  run('generated files are fresh', 'git', ['diff', '--exit-code', '--stat', '--', 'packages/api/src/gen']);
  run('compiling', bin('tsc'), ['-b']);
  run('compiling the tests', bin('tsc'), ['-p', 'test']);
  run('format and lint', bin('biome'), ['check', '.']);
  run('proto lint', bin('buf'), ['lint', 'proto']);
  run('dead files, exports and dependencies', bin('knip'), []);
  checkLayers();
  console.log('check: all well');
} catch (error) {
  console.error(`npm run check: ${error.message}`);
  process.exit(1);
}
