import { clone, type DescMessage, equals, type MessageShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { Transaction } from '@portcullis/store';
import type { Collection } from '@portcullis/store/resource';
import { existing } from './lookup.js';

export interface Update<Desc extends DescMessage> {
  readonly collection: Collection<Desc>;
  readonly name: string;
  readonly change: (resource: MessageShape<Desc>) => void;
  readonly now: Date;
  /** Looks at what would be stored, and throws if it must not be; returns its claims. */
  readonly check?: (changed: MessageShape<Desc>) => Promise<readonly string[]>;
}

/** Changes a resource, and its update time unless everything stays as it was. Throws NOT_FOUND. */
export async function update<Desc extends DescMessage>(
  transaction: Transaction,
  { collection, name, change, now, check }: Update<Desc>,
): Promise<MessageShape<Desc>> {
  const before = await existing(transaction, collection, name);
  const after = clone(collection.schema, before);
  change(after);
  const claims = await check?.(after);
  if (equals(collection.schema, before, after)) return before;
  Object.assign(after, { updateTime: timestampFromDate(now) });
  await collection.put(transaction, [after], claims && (() => claims));
  return after;
}
