import type { Put } from '../store.js';

/** A document that claims and links to what its body says, so that a test can tell whether they belong together. */
export function crashDocument(id: number, n: number): Put {
  const name = `n${id}`;
  return { kind: 'thing', name, body: Buffer.from(String(n)), links: { n: [String(n)] }, claims: [`${name} ${n}`] };
}
