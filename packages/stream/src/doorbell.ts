/**
 * A doorbell tells one host that its desired state may have changed. It carries no truth: it may be lost, repeated,
 * trimmed or reordered, and the host asks the dispatcher what it is about.
 */
export interface Doorbell {
  /** The generation that made it ring, as text, for people who watch the stream. */
  readonly generation: string;
}

/** Entries kept per host; older ones are trimmed, because one unread doorbell is as good as many. */
export const doorbellStreamLength = 16;

const hostPattern = /^hosts\/[a-z][a-z0-9-]{0,62}$/;

/** The Redis key of a host's stream. Exact, so that an ACL can name it. Throws a RangeError for a malformed host name. */
export function doorbellKey(host: string): string {
  if (!hostPattern.test(host)) throw new RangeError(`not a host name: ${JSON.stringify(host)}`);
  return `portcullis:doorbell:${host}`;
}
