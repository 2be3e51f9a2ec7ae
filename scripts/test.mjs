// `npm test`: sets up what is missing, compiles, checks, then runs every test.
import { build, run, setUpDebian, setUpNpm } from './setup.mjs';

try {
  setUpNpm();
  setUpDebian({ forTests: true, withPostgres: true });
  build();
  run('tests', process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)]);
} catch (error) {
  console.error(`npm test: ${error.message}`);
  process.exit(1);
}
