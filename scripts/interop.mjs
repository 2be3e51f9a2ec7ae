// `npm run interop`: sets up what is missing, compiles, then runs clients of other languages against a suite and a kernel.
import path from 'node:path';
import { build, root, run, setUpDebian, setUpNpm } from './setup.mjs';

if (process.getuid?.() !== 0) {
  console.error(
    'npm run interop: needs root: the host whose kernel is changed is a network namespace, made and removed by it; the ' +
      'network of this machine itself is not touched. Try: sudo npm run interop',
  );
  process.exit(1);
}
try {
  setUpNpm();
  setUpDebian({ withJavaPlugin: true });
  build();
  run('the clients', process.execPath, ['--import', 'tsx', path.join(root, 'test/interop/main.ts')]);
} catch (error) {
  console.error(`npm run interop: ${error.message}`);
  process.exit(1);
}
