import type { DescMessage } from '@bufbuild/protobuf';
import type { Transaction } from '@portcullis/store';
import { type Collection, checkName, type ResourceName } from '@portcullis/store/resource';
import { type Deletion, toDelete } from '../etag.js';
import type { Operation } from './operation.js';

export interface DeletionOf<Desc extends DescMessage, Request> {
  readonly collection: Collection<Desc>;
  readonly names: ResourceName<string>;
  /** Deletes what is there, and what goes with it, or throws when something stands in the way. */
  readonly remove: (transaction: Transaction, request: Request) => Promise<void>;
}

/** Deletes a resource. */
export function deletion<Desc extends DescMessage, Request extends Deletion>({
  collection,
  names,
  remove,
}: DeletionOf<Desc, Request>): Operation<Request, void> {
  return (violations, request) => {
    checkName(violations, 'name', request.name, names);
    return async (tx) => {
      if (await toDelete(tx, collection, request)) await remove(tx, request);
    };
  };
}
