import type { Transaction } from '@portcullis/store';
import { nicBindings, nics } from '../documents.js';

/** Deletes NICs with their bindings. */
export async function deleteNics(tx: Transaction, names: readonly string[]): Promise<void> {
  const bindings: string[] = [];
  for (const name of names) {
    for await (const binding of nicBindings.all(tx, { prefix: `${name}/bindings/` })) bindings.push(binding.name);
  }
  await nicBindings.delete(tx, bindings);
  await nics.delete(tx, names);
}
