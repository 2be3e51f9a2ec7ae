// `npm run descriptors [-- FILE]`: every message and service of proto/ in one file, for clients that have no generated code.
import path from 'node:path';
import { root, run, setUpNpm } from './setup.mjs';

try {
  setUpNpm();
  const file = path.resolve(process.argv[2] ?? path.join(root, 'portcullis.binpb'));
  run('building descriptors', path.join(root, 'node_modules/.bin/buf'), [
    'build',
    'proto',
    '-o',
    `${file}#format=binpb`,
  ]);
  console.log(`descriptors: ${file}`);
} catch (error) {
  console.error(`npm run descriptors: ${error.message}`);
  process.exit(1);
}
