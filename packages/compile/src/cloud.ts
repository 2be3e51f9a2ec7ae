import type { AddressGroup, Binding, Network, Nic, SecurityGroup } from '@portcullis/model';

/** All that policy and inventory say, at one pair of revisions. */
export interface Cloud {
  readonly groups: ReadonlyMap<string, SecurityGroup>;
  readonly addressGroups: ReadonlyMap<string, AddressGroup>;
  readonly networks: ReadonlyMap<string, Network>;
  readonly nics: ReadonlyMap<string, Nic>;
  /** Keyed by `bindingKey`. */
  readonly bindings: ReadonlyMap<string, Binding>;
}

export function bindingKey(nic: string, host: string): string {
  return `${nic}/bindings/${host}`;
}
