import { clone, type DescMessage, equals, type MessageShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { notFound } from '@portcullis/rpc';
import type { Transaction } from '@portcullis/store';
import type { Collection } from '@portcullis/store/resource';
import { checkEtag } from './etag.js';

export interface Update<Desc extends DescMessage> {
  readonly collection: Collection<Desc>;
  readonly name: string;
  readonly change: (resource: MessageShape<Desc>) => void;
  readonly now: Date;
  /** The etag that must be stored; empty: any. */
  readonly etag?: string;
  /** Makes the resource when it does not exist. */
  readonly orElse?: (() => Promise<MessageShape<Desc>>) | undefined;
  /** Looks at what would be stored, and throws if it must not be; returns its claims. */
  readonly check?: (changed: MessageShape<Desc>) => Promise<readonly string[]>;
}

/** Changes a resource, and its update time unless everything stays as it was. Throws NOT_FOUND, and ABORTED for another etag. */
export async function update<Desc extends DescMessage>(
  transaction: Transaction,
  { collection, name, change, now, etag = '', orElse, check }: Update<Desc>,
): Promise<MessageShape<Desc>> {
  const before = await collection.get(transaction, name);
  checkEtag(name, etag, before);
  if (before === undefined) {
    if (orElse) return orElse();
    throw notFound(name);
  }
  const after = clone(collection.schema, before);
  change(after);
  const claims = await check?.(after);
  if (equals(collection.schema, before, after)) return before;
  Object.assign(after, { updateTime: timestampFromDate(now) });
  await collection.put(transaction, [after], claims && (() => claims));
  return after;
}
