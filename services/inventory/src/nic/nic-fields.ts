import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { cidrContains, formatAddress, formatCidr, parseAddress, parseCidr } from '@portcullis/model';
import { checkCount, quote, type Violations } from '@portcullis/store/resource';
import { checkUnicast, checkUnicastRange } from '../unicast-address.js';

const maxAddresses = 128;
const maxAddressPairs = 32;

/** Lower case. A MAC with the group bit, or of zeros, is nobody's (IEEE 802, clause 8.2). */
export function readMac(violations: Violations, text: string, field = 'nic.mac_address'): string {
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
  const addresses = texts.slice(0, maxAddresses).flatMap((text, i) => {
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

/** Masked, with the NIC's own MAC where none is named, without repetitions, in the order that was sent. */
export function readAddressPairs(
  violations: Violations,
  pairs: readonly inventoryV1.AddressPair[],
  ownMac: string,
): inventoryV1.AddressPair[] {
  checkCount(violations, 'nic.allowed_address_pairs', pairs.length, { max: maxAddressPairs });
  const read = new Map<string, inventoryV1.AddressPair>();
  pairs.forEach(({ cidr: text, macAddress: macText }, i) => {
    const field = `nic.allowed_address_pairs[${i}]`;
    const macAddress = macText === '' ? ownMac : readMac(violations, macText, `${field}.mac_address`);
    const cidr = parseCidr(text);
    if (cidr === undefined) {
      violations.add(`${field}.cidr`, 'CIDR_MALFORMED', `${quote(text)} is neither an address nor address/length`);
    } else if (checkUnicastRange(violations, `${field}.cidr`, cidr)) {
      const pair = create(inventoryV1.AddressPairSchema, { cidr: formatCidr(cidr), macAddress });
      read.set(`${pair.cidr} ${macAddress}`, pair);
    }
  });
  return [...read.values()];
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
