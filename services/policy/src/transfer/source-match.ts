import { policyV1 } from '@portcullis/api';
import type { Findings, RuleFields } from './imported.js';

const { ImportEffect, Protocol } = policyV1;
const maxPort = 65_535;

/** Names and numbers of protocols, lower case, as AWS and Neutron write them. */
const protocols = new Map<string, 'all' | 'tcp' | 'udp' | 'icmp' | 'icmpv6'>([
  ['-1', 'all'],
  ['any', 'all'],
  ['tcp', 'tcp'],
  ['6', 'tcp'],
  ['udp', 'udp'],
  ['17', 'udp'],
  ['icmp', 'icmp'],
  ['1', 'icmp'],
  ['icmpv6', 'icmpv6'],
  ['ipv6-icmp', 'icmpv6'],
  ['58', 'icmpv6'],
]);

/** What packets a rule of another system matches, but for their peer. */
export interface SourceMatch {
  readonly protocol: string;
  /** First port, or type of ICMP; null, undefined and -1 mean all. */
  readonly from: number | null | undefined;
  /** Last port, or code of ICMP. */
  readonly to: number | null | undefined;
}

export interface Matched {
  /** The families of which it can match packets. */
  readonly families: readonly (4 | 6)[];
  readonly fields: RuleFields;
}

/** The same here; undefined, with a finding, where no rule can say it. */
export function readMatch({ protocol, from, to }: SourceMatch, path: string, findings: Findings): Matched | undefined {
  const known = protocols.get(protocol.toLowerCase());
  switch (known) {
    case undefined: {
      const message = `protocol ${protocol} cannot be allowed alone: the rule is left out`;
      findings.add(ImportEffect.NARROWER, path, { reason: 'PROTOCOL_NOT_CARRIED', message });
      return undefined;
    }
    case 'all':
      return { families: [4, 6], fields: { protocol: Protocol.ALL } };
    case 'tcp':
    case 'udp': {
      const ports = readPorts(from, to, path, findings);
      return (
        ports && { families: [4, 6], fields: { protocol: known === 'tcp' ? Protocol.TCP : Protocol.UDP, ...ports } }
      );
    }
    case 'icmp':
    case 'icmpv6':
      return {
        families: known === 'icmp' ? [4] : [6],
        fields: {
          protocol: Protocol.ICMP,
          ...(isGiven(from) && { icmpType: from }),
          ...(isGiven(from) && isGiven(to) && { icmpCode: to }),
        },
      };
  }
}

/** Ports of TCP and UDP; port 0, which nothing listens on, is left out. */
export function readPorts(
  from: number | null | undefined,
  to: number | null | undefined,
  path: string,
  findings: Findings,
): { startPort: number; endPort: number } | undefined {
  const [startPort, endPort] = [isGiven(from) ? from : 1, isGiven(to) ? to : maxPort];
  if (startPort > 0) return { startPort, endPort };
  const left = endPort === 0 ? 'the rule is left out' : 'the rule begins with port 1';
  findings.add(ImportEffect.NARROWER, path, { reason: 'PORT_ZERO', message: `no rule allows port 0: ${left}` });
  return endPort === 0 ? undefined : { startPort: 1, endPort };
}

export function anyAddress(family: 4 | 6): string {
  return family === 4 ? '0.0.0.0/0' : '::/0';
}

function isGiven(number: number | null | undefined): number is number {
  return number !== null && number !== undefined && number !== -1;
}
