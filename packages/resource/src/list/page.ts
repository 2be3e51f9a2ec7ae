import type { Selection } from '@portcullis/store/resource';
import type { Predicate } from './compile-filter.js';

/** What one page of a listing is to hold. */
export interface Page {
  readonly selection: Selection;
  readonly matches: Predicate | undefined;
  /** Where the page before ended; empty: it is the first. */
  readonly after: string;
  readonly size: number;
}

/** `end`: where the next page begins, if there is one. */
export interface PageItems<Item> {
  readonly items: Item[];
  readonly end: string | undefined;
}
