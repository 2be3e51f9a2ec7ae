import { randomBytes, randomUUID } from 'node:crypto';
import type { DescMessage } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { alreadyExists } from '@portcullis/rpc';
import type { Reading } from '@portcullis/store';
import type { Collection } from '@portcullis/store/resource';

export interface NameChoice {
  /** Empty: the service chooses. */
  readonly id: string;
  /** Beginning of an id that the service chooses. */
  readonly prefix: string;
  readonly format: (id: string) => string;
}

/** The name of a new resource. Throws ALREADY_EXISTS when the id is taken. */
export async function newName<Desc extends DescMessage>(
  reading: Reading,
  collection: Collection<Desc>,
  { id, prefix, format }: NameChoice,
): Promise<string> {
  const isTaken = async (name: string) => (await reading.get(collection.kind, name)) !== undefined;
  if (id !== '') {
    if (await isTaken(format(id))) throw alreadyExists(format(id));
    return format(id);
  }
  for (;;) {
    const name = format(`${prefix}-${randomBytes(6).toString('hex')}`);
    if (!(await isTaken(name))) return name;
  }
}

/** The output fields of a new resource. */
export function birth(now: Date) {
  return { uid: randomUUID(), createTime: timestampFromDate(now), updateTime: timestampFromDate(now) };
}
