import { inventoryV1 } from '@portcullis/api';
import { cidrContains, formatAddress, formatCidr, parseAddress, parseCidr } from '@portcullis/model';
import { type Annotations, maxDisplayNameLength, readAnnotations } from '@portcullis/resource';
import {
  checkCount,
  checkEnum,
  checkText,
  quote,
  resourceIdPattern,
  type Violations,
} from '@portcullis/store/resource';
import { checkUnicast, ipv4Mapped } from '../unicast-address.js';

const maxCidrs = 64;
const maxDhcpServers = 16;

export type NetworkFields = Pick<
  inventoryV1.Network,
  'displayName' | 'kind' | 'cidrs' | 'routingDomain' | 'dhcpServers'
> &
  Partial<Annotations>;

/** What a caller says of a new network, in canonical form. `name` is its own name, for the default of its routing domain. */
export function readNetwork(violations: Violations, network: inventoryV1.Network): NetworkFields {
  const { displayName, kind, routingDomain } = network;
  checkText(violations, 'network.display_name', displayName, maxDisplayNameLength);
  const annotations = readAnnotations(violations, 'network', network);
  checkEnum(violations, 'network.kind', kind, { desc: inventoryV1.NetworkKindSchema, required: true });
  if (routingDomain !== '' && !resourceIdPattern.test(routingDomain)) {
    const allowed = "1-63 of a-z, 0-9 and '-', beginning with a letter";
    violations.add('network.routing_domain', 'ROUTING_DOMAIN_MALFORMED', `${quote(routingDomain)}: ${allowed}`);
  }
  const cidrs = readCidrs(violations, network.cidrs);
  const dhcpServers = readDhcpServers(violations, network.dhcpServers);
  return { displayName, ...annotations, kind, routingDomain, cidrs, dhcpServers };
}

/** Masked, without repetitions, in the order that was sent. */
export function readCidrs(violations: Violations, texts: readonly string[]): string[] {
  checkCount(violations, 'network.cidrs', texts.length, { max: maxCidrs });
  const cidrs = texts.slice(0, maxCidrs).flatMap((text, i) => {
    const field = `network.cidrs[${i}]`;
    const cidr = parseCidr(text);
    if (cidr === undefined) violations.add(field, 'CIDR_MALFORMED', `${quote(text)} is not an address and a length`);
    else if (cidr.prefixLength >= ipv4Mapped.prefixLength && cidrContains(ipv4Mapped, cidr)) {
      violations.add(field, 'ADDRESS_IPV4_MAPPED', `${quote(text)} is to be written as IPv4`);
    } else return [formatCidr(cidr)];
    return [];
  });
  return [...new Set(cidrs)];
}

export function readDhcpServers(violations: Violations, texts: readonly string[]): string[] {
  checkCount(violations, 'network.dhcp_servers', texts.length, { max: maxDhcpServers });
  const servers = texts.slice(0, maxDhcpServers).flatMap((text, i) => {
    const field = `network.dhcp_servers[${i}]`;
    const address = parseAddress(text);
    if (address === undefined) violations.add(field, 'ADDRESS_MALFORMED', `${quote(text)} is not an IP address`);
    else if (checkUnicast(violations, field, address)) return [formatAddress(address)];
    return [];
  });
  return [...new Set(servers)];
}

/** Addresses are unique inside a routing domain: that of a VPC is its own unless it shares one with other networks. */
export function routingDomainOf({ routingDomain, kind }: NetworkFields, name: string): string {
  if (routingDomain !== '') return routingDomain;
  return kind === inventoryV1.NetworkKind.VPC ? name : 'default';
}
