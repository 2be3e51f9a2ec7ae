// `npm run interop`: sets up what is missing, compiles, then runs clients of other languages against a suite and a kernel.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { build, root, setUpDebian, setUpNpm } from './setup.mjs';

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
} catch (error) {
  console.error(`npm run interop: ${error.message}`);
  process.exit(1);
}
const args = ['--import', 'tsx', path.join(root, 'test/interop/main.ts')];
const child = spawn(process.execPath, args, { stdio: 'inherit' });
// A terminal signals the whole group; whoever signals only this process means the clients.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
