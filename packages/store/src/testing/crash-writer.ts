// Writes to a store until it is killed, and says on standard output which revisions are promised.
import { createLogger } from '@portcullis/runtime';
import { openStore } from '../open-store.js';
import { crashDocument } from './crash-document.js';

const [url = '', owner = ''] = process.argv.slice(2);
const store = await openStore(url, { log: createLogger('crash', { level: 'silent' }), owner });
let written = 0;

async function writeForEver(): Promise<never> {
  for (;;) {
    const { revision } = await store.transact(async (tx) => {
      const n = written++;
      await tx.put(crashDocument(n % 20, n), crashDocument(20 + (n % 7), n));
      await tx.delete('thing', crashDocument((n * 7) % 20, 0).name);
    });
    process.stdout.write(`${revision}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, writeForEver));
