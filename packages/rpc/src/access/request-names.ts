import type { DescField, DescMessage, Message } from '@bufbuild/protobuf';

/** A resource name in a request, and where: `requests[3].nic.vm_instance`. */
export interface RequestName {
  readonly field: string;
  /** `projects/p` or `hosts/h1`: whose it is. */
  readonly owner: string;
}

/** Text for people, and languages of their own: not names, whatever is in them. */
const freeText = new Set(['display_name', 'description', 'filter', 'order_by', 'document']);

/** Networks that something is put on. They may be of other projects, because public networks are shared. */
export const sharedNetworks: ReadonlySet<string> = new Set([
  'portcullis.policy.v1.SecurityGroup.networks',
  'portcullis.policy.v1.AttachNetworksRequest.networks',
  'portcullis.policy.v1.DetachNetworksRequest.networks',
  'portcullis.policy.v1.ImportSecurityGroupsRequest.networks',
  'portcullis.inventory.v1.Nic.network',
]);

/**
 * Every name in a request, however deep. A field that is new in the proto is looked at as well: what is passed over must be
 * listed here. (Maps hold labels only.)
 */
export function* requestNames(desc: DescMessage, message: Message, path = ''): Generator<RequestName> {
  for (const field of desc.fields) {
    if (freeText.has(field.name) || sharedNetworks.has(`${desc.typeName}.${field.name}`)) continue;
    const value = valueIn(field, message);
    if (field.fieldKind === 'list' && Array.isArray(value)) {
      for (const [i, each] of value.entries()) yield* namesIn(field.message, each, `${path}${field.name}[${i}]`);
    } else if (field.fieldKind !== 'map') yield* namesIn(field.message, value, `${path}${field.name}`);
  }
}

function* namesIn(desc: DescMessage | undefined, value: unknown, path: string): Generator<RequestName> {
  if (typeof value === 'string') {
    const owner = /^(?:projects|hosts)\/[^/]*/.exec(value)?.[0];
    if (owner !== undefined) yield { field: path, owner };
  } else if (desc !== undefined && value !== undefined) yield* requestNames(desc, value as Message, `${path}.`);
}

function valueIn({ oneof, localName }: DescField, message: Message): unknown {
  const fields = message as unknown as Record<string, unknown>;
  if (oneof === undefined) return fields[localName];
  const chosen = fields[oneof.localName] as { case?: string; value?: unknown } | undefined;
  return chosen?.case === localName ? chosen.value : undefined;
}
