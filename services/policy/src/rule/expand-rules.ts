import { create, toBinary } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { readAnnotations } from '@portcullis/resource';
import { checkEnum, type Violations } from '@portcullis/store/resource';
import { readCidr } from '../cidr-field.js';
import { addressGroupNames, securityGroupNames } from '../names.js';
import { checkExpireTime } from './expire-time.js';
import { checkPeerName } from './peer-name.js';
import { checkPorts, maxPort } from './port-fields.js';
import type { RuleContext } from './rule-fields.js';

const { DirectionSchema, Protocol, ProtocolSchema, SecurityGroupRuleSchema } = policyV1;

/** What a new rule is to say, in canonical form. */
export type RuleInit = Partial<Omit<policyV1.SecurityGroupRule, '$typeName' | '$unknown'>>;

/** Some fields of a rule, and the paths in the expansion that say them. */
interface Part {
  readonly path?: string;
  readonly fields: RuleInit;
}

/** What an expansion stands for. */
export interface Expansion {
  readonly count: number;
  /** Bytes of what all of its rules share, as often as there are rules. */
  readonly byteCount: number;
  readonly rules: () => { readonly field: string; readonly fields: RuleInit }[];
}

/** How many rules an expansion stands for, whatever it says; one at least. */
export function partCount({ portRanges, cidrs, addressGroups, remoteSecurityGroups }: policyV1.RuleExpansion): number {
  const peers = cidrs.length + addressGroups.length + remoteSecurityGroups.length;
  return Math.max(1, portRanges.length) * Math.max(1, peers);
}

/** Reads an expansion by the same rules as each of its rules; a violation for everything that is wrong. */
export function readExpansion(
  violations: Violations,
  expansion: policyV1.RuleExpansion,
  { field, project, now }: RuleContext,
): Expansion {
  const { direction, protocol, expireTime } = expansion;
  checkEnum(violations, `${field}.direction`, direction, { desc: DirectionSchema, required: true });
  checkEnum(violations, `${field}.protocol`, protocol, { desc: ProtocolSchema, required: true });
  const ranges = readRanges(violations, field, expansion);
  const peers = readPeers(violations, field, { expansion, project });
  const annotations = readAnnotations(violations, field, expansion);
  checkExpireTime(violations, `${field}.expire_time`, expireTime, now);
  const shared: RuleInit = { direction, protocol, ...annotations, ...(expireTime && { expireTime }) };
  const count = ranges.length * peers.length;
  return {
    count,
    byteCount: count * toBinary(SecurityGroupRuleSchema, create(SecurityGroupRuleSchema, shared)).length,
    rules: () =>
      ranges.flatMap((range) =>
        peers.map((peer) => {
          const paths = [range, peer].flatMap(({ path }) => path ?? []);
          return {
            field: paths.length > 0 ? `${field}.${paths.join(' with ')}` : field,
            fields: { ...shared, ...range.fields, ...peer.fields },
          };
        }),
      ),
  };
}

function readRanges(violations: Violations, field: string, { protocol, portRanges }: policyV1.RuleExpansion): Part[] {
  const path = `${field}.port_ranges`;
  const hasPorts = protocol === Protocol.TCP || protocol === Protocol.UDP;
  if (hasPorts && portRanges.length === 0) {
    violations.add(path, 'PORT_REQUIRED', `is required for ${Protocol[protocol]}: one at least`);
  }
  if (hasPorts) {
    return portRanges.map(({ startPort, endPort }, i) => {
      checkPorts(violations, `${path}[${i}]`, { protocol, startPort, endPort: endPort ?? maxPort });
      return { path: `port_ranges[${i}]`, fields: { startPort, endPort: endPort ?? startPort } };
    });
  }
  if (portRanges.length > 0 && (protocol === Protocol.ICMP || protocol === Protocol.ALL)) {
    violations.add(path, 'PORT_NOT_ALLOWED', `is for TCP and UDP only; ${Protocol[protocol]} has no ports`);
  }
  return [{ fields: checkPorts(violations, field, { protocol }) }];
}

function readPeers(
  violations: Violations,
  field: string,
  { expansion, project }: { expansion: policyV1.RuleExpansion; project: string },
): Part[] {
  const { cidrs, addressGroups, remoteSecurityGroups } = expansion;
  const ofCidrs = cidrs.map((cidr, i): Part => {
    const path = `cidrs[${i}]`;
    return { path, fields: { cidr, maskedCidr: readCidr(violations, `${field}.${path}`, cidr) } };
  });
  const ofAddressGroups = addressGroups.map((name, i): Part => {
    const path = `address_groups[${i}]`;
    checkPeerName(violations, `${field}.${path}`, { name, names: addressGroupNames, project });
    return { path, fields: { addressGroup: name } };
  });
  const ofGroups = remoteSecurityGroups.map((name, i): Part => {
    const path = `remote_security_groups[${i}]`;
    checkPeerName(violations, `${field}.${path}`, { name, names: securityGroupNames, project });
    return { path, fields: { remoteSecurityGroup: name } };
  });
  const peers = [...ofCidrs, ...ofAddressGroups, ...ofGroups];
  return peers.length > 0 ? peers : [{ fields: {} }];
}
