import { createHash } from 'node:crypto';
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { formatPageToken, invalidArgument, type PageRequest, readPage } from '@portcullis/rpc';
import type { Reading, Store } from '@portcullis/store';
import type { Collection, Selection } from '@portcullis/store/resource';
import { compileFilter, type Predicate } from './compile-filter.js';
import { firstInOrder } from './first-in-order.js';
import { readOrder } from './order.js';
import type { Page, PageItems } from './page.js';
import { FilterError } from './parse-filter.js';

export interface ListRequest extends PageRequest {
  readonly filter?: string;
  readonly orderBy?: string;
}

export interface Listing {
  readonly request: ListRequest;
  readonly selection: Selection;
  /** Tells the tokens of this listing from those of others. */
  readonly scope: string;
  /** Also what other processes have committed just now; see `Store.read`. */
  readonly newest?: boolean;
}

/** Resources that a filter looks at for one page; what is left is for the next one. */
const maxScanned = 5000;

/** Bytes of a page's resources, beyond its first: clients take messages of 4 MiB unless told otherwise. */
const maxPageBytes = 2 << 20;

/** Resources read at once. */
const chunkSize = 500;

/**
 * One page of a listing. With a filter it may be short, or even empty, and not the last: one call looks at a bounded number
 * of resources. Any order but that of names looks at all of the selection. Throws INVALID_ARGUMENT.
 */
export async function listPage<Desc extends DescMessage>(
  store: Store,
  collection: Collection<Desc>,
  { request, selection, scope: listed, newest = false }: Listing,
): Promise<{ items: MessageShape<Desc>[]; nextPageToken: string }> {
  const { filter = '', orderBy = '' } = request;
  const order = readOrder(orderBy, collection.schema);
  const matches = readFilter(filter, collection.schema);
  const scope = filter === '' && orderBy === '' ? listed : `${listed} ${digestOf(filter, orderBy)}`;
  const { after, size } = readPage(request, scope);
  const page = { selection, matches, after, size };
  const { value } = await store.read(
    (reading) =>
      order.isNatural ? scan(reading, collection, page) : firstInOrder(reading, collection, { ...page, order }),
    { newest },
  );
  const items = fitting(value.items, (item) => collection.byteCountOf(item));
  const last = items.at(-1);
  const end =
    items.length === value.items.length || last === undefined ? value.end : order.keyOf(last, collection.nameOf(last));
  return { items, nextPageToken: end === undefined ? '' : formatPageToken(scope, end) };
}

function fitting<Item>(items: readonly Item[], bytesOf: (item: Item) => number): Item[] {
  let byteCount = 0;
  return items.filter((item, i) => {
    byteCount += bytesOf(item);
    return i === 0 || byteCount <= maxPageBytes;
  });
}

async function scan<Desc extends DescMessage>(
  reading: Reading,
  collection: Collection<Desc>,
  { selection, matches, after, size }: Page,
): Promise<PageItems<MessageShape<Desc>>> {
  const items: MessageShape<Desc>[] = [];
  let at = after;
  for (let scanned = 0; scanned < maxScanned; ) {
    const limit = Math.min(matches ? Math.max(chunkSize, size + 1) : size + 1, maxScanned - scanned);
    const chunk = await collection.views(reading, { ...selection, after: at, limit });
    scanned += chunk.length;
    for (const item of chunk) {
      if (items.length === size) return { items, end: at };
      if (matches?.(item) ?? true) items.push(item);
      at = collection.nameOf(item);
    }
    if (chunk.length < limit) return { items, end: undefined };
  }
  return { items, end: at };
}

function readFilter(text: string, schema: DescMessage): Predicate | undefined {
  if (text.trim() === '') return undefined;
  try {
    return compileFilter(text, schema);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    throw invalidArgument([{ field: 'filter', reason: 'FILTER_MALFORMED', description: error.message }]);
  }
}

function digestOf(...texts: string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('base64url').slice(0, 16);
}
