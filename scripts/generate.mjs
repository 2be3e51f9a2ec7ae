// `npm run generate`: TypeScript messages and services from proto/. Works offline; a second run leaves no diff.
import path from 'node:path';
import { root, run, setUpNpm } from './setup.mjs';

try {
  setUpNpm();
  const bin = path.join(root, 'node_modules/.bin');
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}` };
  run('generating from proto/', 'buf', ['generate'], { cwd: path.join(root, 'proto'), env });
} catch (error) {
  console.error(`npm run generate: ${error.message}`);
  process.exit(1);
}
