import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { cidrContains, parseAddress, parseCidr } from '@portcullis/model';
import {
  annotationPaths,
  maxDisplayNameLength,
  maxListed,
  type Operation,
  readAnnotations,
  refuse,
  update,
} from '@portcullis/resource';
import type { Reading } from '@portcullis/store';
import { checkName, checkText, checkUpdateMask } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { networks, nics } from '../documents.js';
import { inUse } from '../in-use.js';
import { networkNames } from '../names.js';
import { makeNetwork } from './create-network.js';
import { readCidrs, readDhcpServers, readNetwork } from './network-fields.js';

const mutable = ['display_name', ...annotationPaths, 'cidrs', 'dhcp_servers'] as const;

export function networkUpdate({ now }: Dependencies): Operation<inventoryV1.UpdateNetworkRequest, inventoryV1.Network> {
  return (violations, { network = create(inventoryV1.NetworkSchema), updateMask, allowMissing }) => {
    const { name } = network;
    checkName(violations, 'network.name', name, networkNames);
    const paths = checkUpdateMask(violations, updateMask, { message: inventoryV1.NetworkSchema, mutable });
    const change: Partial<inventoryV1.Network> = readAnnotations(violations, 'network', { ...network, paths });
    if (paths.has('display_name')) {
      checkText(violations, 'network.display_name', network.displayName, maxDisplayNameLength);
      change.displayName = network.displayName;
    }
    if (paths.has('cidrs')) change.cidrs = readCidrs(violations, network.cidrs);
    if (paths.has('dhcp_servers')) change.dhcpServers = readDhcpServers(violations, network.dhcpServers);
    return async (tx) => {
      const make = () => {
        const fields = readNetwork(violations, network);
        refuse(violations);
        return makeNetwork(tx, { fields, name, now: now() });
      };
      return update(tx, {
        collection: networks,
        name,
        etag: network.etag,
        orElse: allowMissing ? make : undefined,
        change: (stored) => Object.assign(stored, change),
        now: now(),
        check: async () => {
          if (change.cidrs) await refuseOutside(tx, name, change.cidrs);
          return [];
        },
      });
    };
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
