import { type HostState, memberSetKey } from '@portcullis/compile';
import type { Family, Rule } from '@portcullis/model';
import type { Step } from '@portcullis/plan';
import {
  addressGroupSetName,
  groupChain,
  nicChain,
  nicChainUses,
  parseSlottedName,
  setName,
  wholeOfGroupChain,
} from '@portcullis/ruleset';
import type { NicFailure } from '../desired/admission.js';
import type { KernelTools } from '../kernel/kernel-tools.js';
import type { ToolError } from '../kernel/tool-error.js';
import { findRefusedRules } from './trial.js';

/** The NICs of a state to blame for a refused step; none where the step fails whoever is closed. */
export async function findCulprits(
  tools: KernelTools,
  state: HostState,
  { step, error }: { step: Step; error: ToolError },
): Promise<NicFailure[]> {
  if (step.kind === 'sets') return nicsOfSet(state, error);
  if (step.kind === 'frames') return [];
  const byChain = nicsByChain(state);
  const failures = new Map<string, NicFailure>();
  for (const { chain, rule, message } of await findRefusedRules(tools, step)) {
    for (const nic of byChain.get(wholeOfGroupChain(chain)) ?? []) {
      failures.set(nic, { nic, reason: 'RULE_REFUSED', message: `the kernel refuses "${rule}": ${message}` });
    }
  }
  return [...failures.values()];
}

/** A NIC has its own chains, and those of its groups in its routing domain. */
function nicsByChain(state: HostState): Map<string, string[]> {
  const byChain = new Map<string, string[]>();
  for (const { id, groups, routingDomain } of state.nics.values()) {
    const own = nicChainUses.map((use) => nicChain(use, id));
    const shared = groups.flatMap((group) =>
      (['ingress', 'egress'] as const).map((direction) => groupChain(direction, group, routingDomain)),
    );
    for (const chain of [...own, ...shared]) byChain.set(chain, [...(byChain.get(wholeOfGroupChain(chain)) ?? []), id]);
  }
  return byChain;
}

function setsOf({ addressGroup, remoteGroup }: Rule, routingDomain: string, family: Family): string[] {
  return [
    ...(addressGroup === undefined ? [] : [addressGroupSetName(addressGroup, family)]),
    ...(remoteGroup === undefined ? [] : [setName(memberSetKey(remoteGroup, routingDomain), family)]),
  ];
}

/** The NICs whose groups' rules name the set of the line that was refused. */
function nicsOfSet(state: HostState, { line = '', message }: ToolError): NicFailure[] {
  const set = line.split(' ')[1] ?? '';
  const name = parseSlottedName(set)?.name;
  const failures: NicFailure[] = [];
  for (const { id, groups, routingDomain } of state.nics.values()) {
    const rules = groups.flatMap((group) => state.groups.get(group)?.rules ?? []);
    const isNamed = rules.some((rule) =>
      ([4, 6] as const).some((family) => setsOf(rule, routingDomain, family).some((each) => each === name)),
    );
    if (isNamed)
      failures.push({ nic: id, set, reason: 'SET_REFUSED', message: `the kernel refuses "${line}": ${message}` });
  }
  return failures;
}
