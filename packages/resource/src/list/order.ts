import type { DescMessage } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { invalidArgument } from '@portcullis/rpc';
import { quote } from '@portcullis/store/resource';

/** An order of resources that does not depend on when they are listed: those of the same time are in the order of names. */
export interface Order {
  readonly isDescending: boolean;
  /** Sorts as the resource does; what a page token holds of the last one. */
  readonly keyOf: (resource: object, name: string) => string;
  /** Whether it is the order in which a store lists. */
  readonly isNatural: boolean;
}

const fields = ['name', 'create_time', 'update_time'] as const;

/** Reads `order_by`. Throws INVALID_ARGUMENT. */
export function readOrder(text: string, schema: DescMessage): Order {
  const [field = 'name', direction = 'asc', ...rest] = text.trim() === '' ? [] : text.trim().split(/\s+/);
  const known = fields.filter((each) => each === 'name' || schema.fields.some(({ name }) => name === each));
  if (!known.some((each) => each === field) || !['asc', 'desc'].includes(direction) || rest.length > 0) {
    const description = `${quote(text)} is not an order: ${known.join(', ')}, each followed by desc or not`;
    throw invalidArgument([{ field: 'order_by', reason: 'ORDER_BY_MALFORMED', description }]);
  }
  const isDescending = direction === 'desc';
  if (field === 'name') return { isDescending, isNatural: !isDescending, keyOf: (_, name) => name };
  const localName = field === 'create_time' ? 'createTime' : 'updateTime';
  const keyOf = (resource: object, name: string) => {
    const { seconds, nanos } = (resource as Record<string, Timestamp | undefined>)[localName] ?? {
      seconds: 0n,
      nanos: 0,
    };
    return `${String(seconds).padStart(12, '0')}.${String(nanos).padStart(9, '0')} ${name}`;
  };
  return { isDescending, isNatural: false, keyOf };
}
