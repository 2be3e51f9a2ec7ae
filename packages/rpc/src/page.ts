import { invalidArgument } from './errors.js';

export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** Where a page begins and how long it is. */
export interface PagePosition {
  /** Name of the last item of the page before; empty for the first page. */
  readonly after: string;
  readonly size: number;
}

const defaultPageSize = 100;
const maxPageSize = 1000;

/**
 * Reads `page_size` and `page_token` (AIP-158). `scope` says what is listed, filters included: a token of one listing is
 * refused by another. Throws INVALID_ARGUMENT.
 */
export function readPage({ pageSize, pageToken }: PageRequest, scope: string): PagePosition {
  if (pageSize < 0) {
    const description = `${pageSize} is negative; 0 means ${defaultPageSize}, the most is ${maxPageSize}`;
    throw invalidArgument([{ field: 'page_size', reason: 'OUT_OF_RANGE', description }]);
  }
  const size = Math.min(pageSize === 0 ? defaultPageSize : pageSize, maxPageSize);
  if (pageToken === '') return { after: '', size };
  const [tokenScope, after, ...rest] = Buffer.from(pageToken, 'base64url').toString('utf8').split('\n');
  if (tokenScope !== scope || after === undefined || rest.length > 0) {
    const description = 'is not a next_page_token of this listing';
    throw invalidArgument([{ field: 'page_token', reason: 'PAGE_TOKEN_MALFORMED', description }]);
  }
  return { after, size };
}

export function formatPageToken(scope: string, lastName: string): string {
  return Buffer.from(`${scope}\n${lastName}`).toString('base64url');
}

/** One page of items that are at hand, sorted by name. */
export function pageOf<Item>(
  items: readonly Item[],
  request: PageRequest,
  { nameOf, scope }: { nameOf: (item: Item) => string; scope: string },
): { items: Item[]; nextPageToken: string } {
  const { after, size } = readPage(request, scope);
  const rest = items.filter((item) => nameOf(item) > after);
  const page = rest.slice(0, size);
  const last = page.at(-1);
  const nextPageToken = last === undefined || rest.length === page.length ? '' : formatPageToken(scope, nameOf(last));
  return { items: page, nextPageToken };
}
