import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { formatPageToken, type PageRequest, readPage } from '@portcullis/rpc';
import type { Store } from '@portcullis/store';
import type { Collection, Selection } from '@portcullis/store/resource';

/** One page of a listing. `scope` tells its tokens from those of other listings. */
export async function listPage<Desc extends DescMessage>(
  store: Store,
  collection: Collection<Desc>,
  { request, selection, scope }: { request: PageRequest; selection: Selection; scope: string },
): Promise<{ items: MessageShape<Desc>[]; nextPageToken: string }> {
  const { after, size } = readPage(request, scope);
  const query = { ...selection, after, limit: size + 1 };
  const { value: found } = await store.read((reading) => collection.list(reading, query));
  const items = found.slice(0, size);
  const last = items.at(-1);
  const isLastPage = last === undefined || found.length === items.length;
  return { items, nextPageToken: isLastPage ? '' : formatPageToken(scope, collection.nameOf(last)) };
}
