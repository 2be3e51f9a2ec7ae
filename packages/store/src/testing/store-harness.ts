import type { Put, Store } from '../store.js';

/** A database for tests. */
export interface StoreHarness {
  /** Opens the same store each time it is called in one test; each test begins with an empty one. */
  open(options?: { logLength?: number }): Promise<Store>;
  /** Closes what was opened and forgets the store. */
  reset(): Promise<void>;
  /** Whether several `Store` instances may be open at once on the same database. */
  readonly shared: boolean;
}

export function document(name: string, text = name, more: Omit<Put, 'kind' | 'name' | 'body'> = {}): Put {
  return { kind: 'thing', name, body: new TextEncoder().encode(text), ...more };
}

export function textOf(stored: { body: Uint8Array | undefined } | undefined): string | undefined {
  return stored?.body && new TextDecoder().decode(stored.body);
}
