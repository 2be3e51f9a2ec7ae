import type { inventoryV1 } from '@portcullis/api';
import { cidrContains, formatAddress, parseAddress, parseCidr } from '@portcullis/model';
import { checkCount, quote, type Violations } from '@portcullis/store/resource';
import { checkUnicast } from '../unicast-address.js';

const maxAddresses = 128;

/** Lower case. A MAC with the group bit, or of zeros, is nobody's (IEEE 802, clause 8.2). */
export function readMac(violations: Violations, text: string): string {
  const field = 'nic.mac_address';
  const mac = text.toLowerCase();
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)) {
    violations.add(field, 'MAC_MALFORMED', `${quote(text)} is not six octets, colon separated`);
  } else if ((Number.parseInt(mac.slice(0, 2), 16) & 1) === 1 || mac === '00:00:00:00:00:00') {
    violations.add(field, 'MAC_NOT_UNICAST', `${quote(text)} is not the address of one NIC`);
  }
  return mac;
}

/**
 * Canonical, without repetitions, in the order that was sent. `network` is the NIC's; its CIDRs, if it has any, hold the
 * addresses. Undefined where it is not known.
 */
export function readAddresses(
  violations: Violations,
  texts: readonly string[],
  network: inventoryV1.Network | undefined,
): string[] {
  checkCount(violations, 'nic.addresses', texts.length, { max: maxAddresses });
  const cidrs = (network?.cidrs ?? []).flatMap((text) => parseCidr(text) ?? []);
  const addresses = texts.flatMap((text, i) => {
    const field = `nic.addresses[${i}]`;
    const address = parseAddress(text);
    if (address === undefined) {
      violations.add(field, 'ADDRESS_MALFORMED', `${quote(text)} is not an IP address without a prefix length`);
      return [];
    }
    if (!checkUnicast(violations, field, address)) return [];
    if (cidrs.length > 0 && !cidrs.some((cidr) => cidrContains(cidr, address))) {
      const ranges = network?.cidrs.join(', ');
      violations.add(field, 'ADDRESS_OUTSIDE_NETWORK', `${quote(text)} is not in ${ranges}`);
    }
    return [formatAddress(address)];
  });
  return [...new Set(addresses)];
}

/** Who sends from an address, or from a MAC, must be one NIC: the address inside a routing domain, the MAC on a network. */
export function claimsOf(
  { macAddress, network, addresses }: inventoryV1.Nic,
  { routingDomain }: inventoryV1.Network,
): string[] {
  return [
    `MAC address ${macAddress} on ${network}`,
    ...addresses.map((address) => `address ${address} in routing domain ${routingDomain}`),
  ];
}
