// `npm start`: sets up what is missing, compiles, then runs the demonstration: every service, a lab, a walk with packets.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { build, root, setUpDebian, setUpNpm } from './setup.mjs';

const isHelp = process.argv.includes('--help');
if (!isHelp && process.getuid?.() !== 0) {
  console.error(
    'npm start: needs root. The hosts and VMs of its lab are network namespaces with real firewalls, made and removed by ' +
      'it, and only root may make them; the network of this machine itself is not touched. Try: sudo npm start',
  );
  process.exit(1);
}
try {
  setUpNpm();
  if (!isHelp) setUpDebian();
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
