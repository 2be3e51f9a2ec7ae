import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { Reading } from '@portcullis/store';
import type { Collection } from '@portcullis/store/resource';
import type { Order } from './order.js';
import type { Page, PageItems } from './page.js';

/** The first items after a position in an order that the store does not keep: looks at all, holds a page or two. */
export async function firstInOrder<Desc extends DescMessage>(
  reading: Reading,
  collection: Collection<Desc>,
  { selection, matches = () => true, after, size, order }: Page & { readonly order: Order },
): Promise<PageItems<MessageShape<Desc>>> {
  const sign = order.isDescending ? -1 : 1;
  const compare = (a: string, b: string) => (a === b ? 0 : sign * (a < b ? -1 : 1));
  let best: { key: string; item: MessageShape<Desc> }[] = [];
  const trim = () => {
    best = best.toSorted((a, b) => compare(a.key, b.key)).slice(0, size + 1);
  };
  for await (const item of collection.all(reading, selection)) {
    if (!matches(item)) continue;
    const key = order.keyOf(item, collection.nameOf(item));
    if (after !== '' && compare(key, after) <= 0) continue;
    best.push({ key, item });
    if (best.length > 4 * size + 64) trim();
  }
  trim();
  const page = best.slice(0, size);
  return { items: page.map(({ item }) => item), end: best.length > size ? page.at(-1)?.key : undefined };
}
