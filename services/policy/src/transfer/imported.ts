import { policyV1 } from '@portcullis/api';
import { formatCidr, parseCidr } from '@portcullis/model';

const { Direction, ImportEffect, Protocol } = policyV1;

export type RuleFields = Partial<Omit<policyV1.SecurityGroupRule, '$typeName' | '$unknown'>>;

/** A rule as it is to be made. */
export interface ImportedRule {
  /** Where it is in the document. */
  readonly path: string;
  /** Without names of this or of other groups. */
  readonly fields: RuleFields;
  /** Source id of the remote group. */
  readonly remote?: string;
  /** Last part of the name of an address group of the document. */
  readonly addressGroup?: string;
  /** Last part of its name; without it the service chooses. */
  readonly id?: string;
}

/** A group as it is to be made. */
export interface ImportedGroup {
  readonly path: string;
  /** Its id in the document. */
  readonly sourceId: string;
  /** Last part of its name. */
  readonly id: string;
  readonly displayName: string;
  readonly description: string;
  readonly labels: Record<string, string>;
  readonly isDisabled?: boolean;
  readonly establishedFlows?: policyV1.EstablishedFlows;
  /** Names of networks of the project that is imported into, and of others. */
  readonly networks?: readonly string[];
  readonly rules: readonly ImportedRule[];
}

export interface ImportedAddressGroup {
  readonly path: string;
  readonly id: string;
  readonly fields: Partial<Omit<policyV1.AddressGroup, '$typeName' | '$unknown'>>;
}

export interface ImportedDefaultRules {
  readonly path: string;
  /** Named in the project that is imported into. */
  readonly rules: readonly policyV1.SecurityGroupRule[];
  readonly withoutAutomaticRules: boolean;
}

export type Finding = Omit<policyV1.ImportFinding, '$typeName' | '$unknown'>;

/** What a reader makes of a document. */
export interface Imported {
  readonly groups: readonly ImportedGroup[];
  readonly addressGroups?: readonly ImportedAddressGroup[];
  readonly defaultRules?: ImportedDefaultRules | undefined;
  readonly findings: readonly Finding[];
}

/** Findings about one group, in the order in which they are made. */
export class Findings {
  readonly list: Finding[] = [];

  constructor(readonly sourceId: string) {}

  add(effect: policyV1.ImportEffect, path: string, { reason, message }: { reason: string; message: string }): void {
    this.list.push({ path, sourceId: this.sourceId, effect, reason, message });
  }
}

/**
 * Rules with one that closes egress where the source denies what no rule allows: here everything may go out until a group holds
 * an egress rule that counts. It is disabled: it matches nothing, and counts.
 */
export function closeEgress(rules: readonly ImportedRule[], path: string, findings: Findings): ImportedRule[] {
  if (rules.some((rule) => closesEgress(rule, findings.sourceId))) return [...rules];
  findings.add(ImportEffect.SAME, path, {
    reason: 'EGRESS_CLOSED',
    message: 'no egress rule allows anything there: a disabled egress rule keeps egress closed here',
  });
  const description = 'Keeps egress closed: without an egress rule everything may go out.';
  return [
    ...rules,
    { path, fields: { direction: Direction.EGRESS, protocol: Protocol.ALL, disabled: true, description } },
  ];
}

/** Whether a rule of the group makes egress a whitelist: any but one for everything to the group itself. */
export function closesEgress({ fields, remote }: ImportedRule, sourceId: string): boolean {
  const isToItself = fields.protocol === Protocol.ALL && remote === sourceId && !fields.cidr && !fields.addressGroup;
  return fields.direction === Direction.EGRESS && !isToItself;
}

/** Rules, each once: two words of a source may mean the same here. */
export function distinct(rules: readonly ImportedRule[]): ImportedRule[] {
  const seen = new Map<string, ImportedRule>();
  for (const rule of rules) {
    const { direction, protocol, startPort, endPort, icmpType, icmpCode, cidr = '', disabled } = rule.fields;
    const masked = parseCidr(cidr);
    const peer = [masked ? formatCidr(masked) : cidr, rule.remote];
    const key = JSON.stringify([direction, protocol, startPort, endPort, icmpType, icmpCode, ...peer]);
    const earlier = seen.get(key);
    if (earlier === undefined || (earlier.fields.disabled && !disabled)) seen.set(key, rule);
  }
  return [...seen.values()];
}
