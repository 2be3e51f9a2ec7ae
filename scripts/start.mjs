// `npm start`: sets up what is missing, compiles, then runs the demonstration: every service, a lab, a walk with packets.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { build, root, setUpDebian, setUpNpm } from './setup.mjs';

try {
  setUpNpm();
  if (process.argv.includes('--help') === false) setUpDebian();
  build();
} catch (error) {
  console.error(`npm start: ${error.message}`);
  process.exit(1);
}
const program = path.join(root, 'packages/demo/dist/main.js');
const child = spawn(process.execPath, [program, ...process.argv.slice(2)], { stdio: 'inherit' });
// A terminal signals the whole group; whoever signals only this process means the demonstration.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
