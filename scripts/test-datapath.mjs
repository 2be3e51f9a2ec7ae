// `npm run test:datapath [-- options]`: sets up what is missing, compiles, then floods a kernel with packets while its rules change.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { build, root, setUpDebian, setUpNpm } from './setup.mjs';

const isHelp = process.argv.includes('--help');
if (process.getuid?.() !== 0 && !isHelp) {
  console.error(
    'npm run test:datapath: needs root: the host whose kernel is changed is a network namespace, made and removed by it; ' +
      'the network of this machine itself is not touched. Try: sudo npm run test:datapath',
  );
  process.exit(1);
}
try {
  setUpNpm();
  if (!isHelp) {
    setUpDebian();
    build();
  }
} catch (error) {
  console.error(`npm run test:datapath: ${error.message}`);
  process.exit(1);
}
const main = path.join(root, 'test/datapath/main.ts');
const args = ['--conditions', 'portcullis-source', '--import', 'tsx', main, ...process.argv.slice(2)];
const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
// A terminal signals the whole group; whoever signals only this process means the run.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
