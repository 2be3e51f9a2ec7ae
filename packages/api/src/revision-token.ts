/** A revision of one store, as schedulers hold it. To them the text is opaque. */
export interface RevisionToken {
  readonly service: 'policy' | 'inventory';
  /** Names the store: a store that was made anew counts its revisions from the beginning. */
  readonly epoch: string;
  /** Number of the commit, from 1; 0 is the empty store. */
  readonly revision: number;
}

const pattern = /^(policy|inventory) ([0-9a-z-]{1,64}) (0|[1-9][0-9]{0,14})$/;

export function formatRevisionToken({ service, epoch, revision }: RevisionToken): string {
  return Buffer.from(`${service} ${epoch} ${revision}`).toString('base64url');
}

/** Undefined for anything that `formatRevisionToken` has not made. */
export function parseRevisionToken(text: string): RevisionToken | undefined {
  const plain = Buffer.from(text, 'base64url').toString('latin1');
  const [, service, epoch, revision] = pattern.exec(plain) ?? [];
  if (epoch === undefined || revision === undefined) return undefined;
  const token: RevisionToken = { service: service as RevisionToken['service'], epoch, revision: Number(revision) };
  return formatRevisionToken(token) === text ? token : undefined;
}
