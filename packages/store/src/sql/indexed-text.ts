/** In UTF-8. PostgreSQL indexes 2704 bytes at most, of all columns of an index together: a link has two texts of callers. */
const maxBytes = 1200;

/**
 * Refuses a name, a link or a claim that one of the databases would refuse: a statement that fails takes a whole group with
 * it. Throws RangeError.
 */
export function checkIndexed(text: string): void {
  if (!text.includes('\0') && Buffer.byteLength(text) <= maxBytes) return;
  throw new RangeError(`not to be indexed: ${JSON.stringify(text.slice(0, 80))}`);
}
