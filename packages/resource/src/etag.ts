import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { aborted, notFound } from '@portcullis/rpc';
import type { Reading } from '@portcullis/store';
import type { Collection } from '@portcullis/store/resource';

/** Throws ABORTED when a caller expects something else than what is stored. An empty `expected` is fine with anything. */
export function checkEtag(name: string, expected: string, stored: object | undefined): void {
  const etag = (stored as { etag?: string } | undefined)?.etag ?? '';
  if (expected === '' || expected === etag) return;
  const what = stored === undefined ? 'does not exist' : 'has changed';
  throw aborted('ETAG_MISMATCH', `${name} ${what}: read it again`);
}

export interface Deletion {
  readonly name: string;
  readonly etag: string;
  readonly allowMissing: boolean;
}

/** What is to be deleted; undefined when there is nothing to do. Throws NOT_FOUND, and ABORTED for another etag. */
export async function toDelete<Desc extends DescMessage>(
  reading: Reading,
  collection: Collection<Desc>,
  { name, etag, allowMissing }: Deletion,
): Promise<MessageShape<Desc> | undefined> {
  const found = await collection.get(reading, name);
  if (found === undefined) {
    if (allowMissing) return undefined;
    throw notFound(name);
  }
  checkEtag(name, etag, found);
  return found;
}
