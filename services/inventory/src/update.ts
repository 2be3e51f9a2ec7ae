import { type DescMessage, equals, type MessageShape } from '@bufbuild/protobuf';
import { type Timestamp, timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { Transaction } from '@portcullis/store';
import type { Collection } from '@portcullis/store/resource';
import { existing } from './lookup.js';

export interface Update<Desc extends DescMessage> {
  readonly collection: Collection<Desc>;
  readonly name: string;
  /** The fields that are to change. */
  readonly change: Partial<MessageShape<Desc>>;
  readonly now: Date;
  /** Looks at what would be stored, and throws if it must not be; returns its claims. */
  readonly check?: (changed: MessageShape<Desc>) => Promise<readonly string[]>;
}

/** Changes fields of a resource, and its update time unless everything is as it was. Throws NOT_FOUND. */
export async function update<Desc extends DescMessage>(
  transaction: Transaction,
  { collection, name, change, now, check }: Update<Desc>,
): Promise<MessageShape<Desc>> {
  const before = await existing(transaction, collection, name);
  const after = { ...before, ...change };
  const claims = (await check?.(after)) ?? [];
  if (equals(collection.schema, before, after)) return before;
  const updateTime: Timestamp = timestampFromDate(now);
  const stored = { ...after, updateTime };
  await collection.put(transaction, [stored], () => claims);
  return stored;
}
