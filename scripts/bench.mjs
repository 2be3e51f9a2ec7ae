// `npm run bench -- NAME [options]`: sets up what is missing, compiles, then runs one benchmark.
import path from 'node:path';
import { build, root, run, setUpDebian, setUpNpm } from './setup.mjs';

try {
  // With --json standard output is the result alone.
  const isJson = process.argv.includes('--json');
  if (isJson) console.log = console.error;
  setUpNpm();
  setUpDebian({ withPostgres: process.argv.includes('api') });
  build();
  const args = ['--import', 'tsx', path.join(root, 'test/bench/main.ts'), ...process.argv.slice(2)];
  run('the benchmark', process.execPath, args, { env: { ...process.env } });
} catch (error) {
  console.error(`npm run bench: ${error.message}`);
  process.exit(1);
}
