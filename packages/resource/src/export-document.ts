import { type DescMessage, type JsonValue, toJson } from '@bufbuild/protobuf';
import type { Reading, Store } from '@portcullis/store';
import type { Collection, Selection } from '@portcullis/store/resource';
import type { Revisions } from './revisions.js';

/** A value, or the items of a list, each made when it is written. */
export type Exported = JsonValue | (() => Iterable<JsonValue>);

export interface Export {
  readonly store: Store;
  readonly revisions: Revisions;
  /** What a reader knows the document by. */
  readonly format: string;
  /** projects/{project} */
  readonly project: string;
  /** The members of the document, in their order. It may run twice. */
  readonly read: (reading: Reading) => Promise<Readonly<Record<string, Exported>>>;
}

/** In UTF-16 units, of which none is more than 3 bytes on the wire. */
const maxPartLength = 80 * 1024;

/**
 * One JSON object of one revision, in parts: begins with `format`, `project` and `revisionToken`. While it is written, which may
 * take as long as its reader does, memory holds what is stored, no more than a part of it as JSON, and no database is held up.
 */
export async function* exportDocument({
  store,
  revisions,
  format,
  project,
  read,
}: Export): AsyncGenerator<{ json: string }> {
  const { value, revision } = await store.read(read);
  const document = { format, project, revisionToken: revisions.tokenOf(revision), ...value };
  for (const json of partsOf(piecesOf(document), maxPartLength)) yield { json };
}

/** The resources of a selection, in the order of their names. */
export async function exportAll<Desc extends DescMessage>(
  reading: Reading,
  collection: Collection<Desc>,
  selection: Selection,
): Promise<() => Iterable<JsonValue>> {
  const bodies: Uint8Array[] = [];
  for await (const { body } of collection.allStored(reading, selection)) bodies.push(body);
  return function* () {
    for (const body of bodies) yield toJson(collection.schema, collection.decode(body));
  };
}

function* piecesOf(document: Readonly<Record<string, Exported>>): Generator<string> {
  let separator = '{';
  for (const [key, value] of Object.entries(document)) {
    yield `${separator}${JSON.stringify(key)}:`;
    separator = ',\n';
    if (typeof value === 'function') yield* listOf(value());
    else yield JSON.stringify(value);
  }
  yield '}\n';
}

function* listOf(items: Iterable<JsonValue>): Generator<string> {
  let separator = '[\n';
  for (const item of items) {
    yield `${separator}${JSON.stringify(item)}`;
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]' : '\n]';
}

/** The same text in parts of bounded length. */
export function* partsOf(pieces: Iterable<string>, maxLength: number): Generator<string> {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    while (text.length > maxLength) {
      const end = isFirstOfPair(text.charCodeAt(maxLength - 1)) ? maxLength - 1 : maxLength;
      yield text.slice(0, end);
      text = text.slice(end);
    }
  }
  if (text !== '') yield text;
}

/** Half a character is no text of a message. */
function isFirstOfPair(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
