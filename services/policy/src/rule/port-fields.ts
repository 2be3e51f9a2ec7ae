import { policyV1 } from '@portcullis/api';
import type { Violations } from '@portcullis/store/resource';

type Ports = Pick<policyV1.SecurityGroupRule, 'startPort' | 'endPort'>;
type RuleMatch = Pick<policyV1.SecurityGroupRule, 'protocol' | 'startPort' | 'endPort' | 'icmpType' | 'icmpCode'>;

const { Protocol } = policyV1;
export const maxPort = 65_535;
const maxIcmpNumber = 255;
const allIcmp = -1;

/** The ports as they are stored: a range for TCP and UDP, -1 and -1 for ICMP, none for ALL. */
export function checkPorts(violations: Violations, field: string, rule: RuleMatch): Ports {
  const { protocol, startPort, endPort } = rule;
  const [start, end] = [`${field}.start_port`, `${field}.end_port`];
  switch (protocol) {
    case Protocol.TCP:
    case Protocol.UDP: {
      const isStart = checkPort(violations, start, startPort, protocol);
      const isEnd = checkPort(violations, end, endPort, protocol);
      if (isStart && isEnd && startPort !== undefined && endPort !== undefined && startPort > endPort) {
        violations.add(
          end,
          'PORT_RANGE_INVERTED',
          `${endPort} is below start_port; ${startPort}-${maxPort} is allowed`,
        );
      }
      return { ...(startPort === undefined ? {} : { startPort }), ...(endPort === undefined ? {} : { endPort }) };
    }
    case Protocol.ICMP:
      for (const [path, port] of [
        [start, startPort],
        [end, endPort],
      ] as const) {
        if (port === undefined || port === allIcmp) continue;
        violations.add(path, 'PORT_NOT_ALLOWED', `${port}: ICMP has no ports; -1 or nothing is allowed`);
      }
      return { startPort: allIcmp, endPort: allIcmp };
    case Protocol.ALL:
      for (const [path, port] of [
        [start, startPort],
        [end, endPort],
      ] as const) {
        if (port === undefined) continue;
        violations.add(path, 'PORT_NOT_ALLOWED', `${port}: a rule for ALL protocols has no ports`);
      }
      return {};
    default:
      // The protocol itself is a violation already.
      return {};
  }
}

export function checkIcmp(violations: Violations, field: string, { protocol, icmpType, icmpCode }: RuleMatch): void {
  for (const [name, number] of [
    ['icmp_type', icmpType],
    ['icmp_code', icmpCode],
  ] as const) {
    if (number === undefined) continue;
    if (protocol !== Protocol.ICMP) {
      violations.add(`${field}.${name}`, 'ICMP_NOT_ALLOWED', `${number}: only ICMP has types and codes`);
    } else if (number < 0 || number > maxIcmpNumber) {
      violations.add(`${field}.${name}`, 'ICMP_OUT_OF_RANGE', `${number} is not in 0-${maxIcmpNumber}`);
    }
  }
  if (protocol === Protocol.ICMP && icmpCode !== undefined && icmpType === undefined) {
    violations.add(`${field}.icmp_code`, 'ICMP_TYPE_REQUIRED', `${icmpCode} needs an icmp_type`);
  }
}

function checkPort(
  violations: Violations,
  field: string,
  port: number | undefined,
  protocol: policyV1.Protocol,
): boolean {
  if (port === undefined) {
    violations.add(field, 'PORT_REQUIRED', `is required for ${Protocol[protocol]}: 1-${maxPort}`);
  } else if (port < 1 || port > maxPort) {
    violations.add(field, 'PORT_OUT_OF_RANGE', `${port} is not in 1-${maxPort}`);
  } else return true;
  return false;
}
