import { type DescField, type DescMessage, type MessageShape, ScalarType } from '@bufbuild/protobuf';
import { type Comparison, type Filter, FilterError, parseFilter } from './parse-filter.js';

export type Predicate = (resource: object) => boolean;

/**
 * Whether a filter holds for a resource. Fields are those of the message that hold text, a number, a boolean, an enum (by its
 * name, with or without its prefix), a list of texts (`:` asks for an item), and `labels` (`labels:key`, `labels.key = value`).
 * `!=` is the opposite of `=`: true, too, where a label is missing. `:` is `=` for what is not a list; `field:*` asks whether
 * there is any value. Throws `FilterError`.
 */
export function compileFilter<Desc extends DescMessage>(text: string, schema: Desc): Predicate {
  return compile(parseFilter(text), schema);
}

function compile(filter: Filter, schema: DescMessage): Predicate {
  switch (filter.case) {
    case 'and':
    case 'or': {
      const parts = filter.parts.map((part) => compile(part, schema));
      if (filter.case === 'and') return (resource) => parts.every((part) => part(resource));
      return (resource) => parts.some((part) => part(resource));
    }
    case 'not': {
      const part = compile(filter.part, schema);
      return (resource) => !part(resource);
    }
    case 'comparison':
      return compare(filter.comparison, schema);
  }
}

function compare(comparison: Comparison, schema: DescMessage): Predicate {
  const { path, operator, value, pathAt } = comparison;
  const [name = '', ...rest] = path.split('.');
  const field = schema.fields.find((each) => each.name === name);
  const unknown = () => new FilterError(pathAt, `${JSON.stringify(path)} is not a field that can be compared`);
  if (field === undefined) throw unknown();
  const read = (resource: object) => (resource as MessageShape<DescMessage> & Record<string, unknown>)[field.localName];
  const has = operator === ':';
  if (field.fieldKind === 'map') {
    const key = rest.join('.');
    const labels = (resource: object) => read(resource) as Record<string, string>;
    if (rest.length === 0) {
      if (!has) throw new FilterError(pathAt, `compare ${name}.key, or write ${name}:key`);
      return (resource) => Object.hasOwn(labels(resource), value);
    }
    if (has && value === '*') return (resource) => Object.hasOwn(labels(resource), key);
    const isEqual = (resource: object) => Object.hasOwn(labels(resource), key) && labels(resource)[key] === value;
    return operator === '!=' ? (resource) => !isEqual(resource) : isEqual;
  }
  if (rest.length > 0) throw unknown();
  if (field.fieldKind === 'list') {
    if (field.listKind !== 'scalar' || field.scalar !== ScalarType.STRING) throw unknown();
    if (!has) throw new FilterError(pathAt, `${name} is a list: write ${name}:item`);
    const items = (resource: object) => read(resource) as string[];
    return (resource) => (value === '*' ? items(resource).length > 0 : items(resource).includes(value));
  }
  const wanted = readValue(field, comparison, unknown);
  if (has && value === '*') return (resource) => Boolean(read(resource));
  return (resource) => (read(resource) === wanted) !== (operator === '!=');
}

/** The value as the field holds it. */
function readValue(field: DescField, { operator, value, valueAt }: Comparison, unknown: () => FilterError): unknown {
  if (operator === ':' && value === '*') return undefined;
  const wrong = (what: string) => new FilterError(valueAt, `${JSON.stringify(value)} is not ${what}`);
  if (field.fieldKind === 'enum') {
    const { values, sharedPrefix = '' } = field.enum;
    const found = values.find(({ name }) => name === value || name === `${sharedPrefix.toUpperCase()}${value}`);
    if (!found) throw wrong(`one of ${values.map(({ name }) => name).join(', ')}`);
    return found.number;
  }
  if (field.fieldKind !== 'scalar') throw unknown();
  switch (field.scalar) {
    case ScalarType.STRING:
      return value;
    case ScalarType.BOOL:
      if (value !== 'true' && value !== 'false') throw wrong('true or false');
      return value === 'true';
    case ScalarType.INT32:
      if (!/^-?[0-9]{1,10}$/.test(value)) throw wrong('a number');
      return Number(value);
    case ScalarType.INT64:
      if (!/^-?[0-9]{1,18}$/.test(value)) throw wrong('a number');
      return BigInt(value);
    default:
      throw unknown();
  }
}
