import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { cidrContains, parseAddress, parseCidr } from '@portcullis/model';
import type { Reading } from '@portcullis/store';
import { checkName, checkText, checkUpdateMask, Violations } from '@portcullis/store/resource';
import { maxListed, refuse } from '../api-errors.js';
import { networks, nics } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { inUse } from '../in-use.js';
import { networkNames } from '../names.js';
import { commit, type Dependencies } from '../store-access.js';
import { update } from '../update.js';
import { maxDisplayNameLength, readCidrs, readDhcpServers } from './network-fields.js';

const mutable = ['display_name', 'cidrs', 'dhcp_servers'] as const;

export function updateNetwork({ store, now }: Dependencies): Handlers['updateNetwork'] {
  return async ({ network = create(inventoryV1.NetworkSchema), updateMask }) => {
    const violations = new Violations();
    const { name } = network;
    checkName(violations, 'network.name', name, networkNames);
    const paths = checkUpdateMask(violations, updateMask, { message: inventoryV1.NetworkSchema, mutable });
    const change: Partial<inventoryV1.Network> = {};
    if (paths.has('display_name')) {
      checkText(violations, 'network.display_name', network.displayName, maxDisplayNameLength);
      change.displayName = network.displayName;
    }
    if (paths.has('cidrs')) change.cidrs = readCidrs(violations, network.cidrs);
    if (paths.has('dhcp_servers')) change.dhcpServers = readDhcpServers(violations, network.dhcpServers);
    refuse(violations);
    const { value, revisionToken } = await commit(store, (tx) =>
      update(tx, {
        collection: networks,
        name,
        change,
        now: now(),
        check: async () => {
          if (change.cidrs) await refuseOutside(tx, name, change.cidrs);
          return [];
        },
      }),
    );
    return { network: value, revisionToken };
  };
}

/** The CIDRs of a network hold the addresses of its NICs, unless it has none. */
async function refuseOutside(reading: Reading, network: string, cidrTexts: readonly string[]): Promise<void> {
  const cidrs = cidrTexts.flatMap((text) => parseCidr(text) ?? []);
  if (cidrs.length === 0) return;
  const isOutside = (text: string) => {
    const address = parseAddress(text);
    return address !== undefined && !cidrs.some((cidr) => cidrContains(cidr, address));
  };
  const outside: inventoryV1.Nic[] = [];
  for await (const nic of nics.all(reading, { link: { name: 'network', target: network } })) {
    if (nic.addresses.some(isOutside)) outside.push(nic);
    if (outside.length > maxListed) break;
  }
  const why = 'the NIC has an address outside the new CIDRs';
  if (outside.length > 0) throw inUse(network, outside, { reason: 'ADDRESS_OUTSIDE_NETWORK', why });
}
