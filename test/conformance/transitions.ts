import type { Cloud } from '@portcullis/compile';
import type { Nic, SecurityGroup } from '@portcullis/model';
import { nothingApplied, planChange } from '@portcullis/plan';
import { FirewallRenderer } from '@portcullis/ruleset';
import { type GroupSpecs, type ScenarioOptions, scenario } from './corpus.js';
import { isAllowed, passes, runSimulated, simulatedHost, smallest } from './judges.js';
import { type Flow, stateOf } from './worlds.js';

type State = readonly [groups: GroupSpecs, options?: ScenarioOptions];

const shared = { nics: ['n2', 'n3'] };
const sender = ['10.0.0.3', '2001:db8::3'];
const receiver = ['10.0.0.4', '2001:db8::4'];
const bothNamed = { web: { ...shared, rules: ['in all named a', 'out all named a'] } };
const eachNamed = { web: { ...shared, rules: ['in all named a', 'out all named b'] } };

/** A state, the next one, and a packet of which both say the same: so must everything on the way. `= pass`, or `= drop`. */
export const transitions: readonly (readonly [name: string, before: State, after: State, verdict: string])[] = [
  // Before, only the one end is where its rule wants it; after, only the other.
  [
    'CIDRs of one address group, named at both ends',
    [bothNamed, { addressGroups: { a: sender } }],
    [bothNamed, { addressGroups: { a: receiver } }],
    'n2 > n3 tcp/80 = drop',
  ],
  [
    'CIDRs of two address groups, the sender first',
    [eachNamed, { addressGroups: { a: sender } }],
    [eachNamed, { addressGroups: { b: receiver } }],
    'n2 > n3 tcp/80 = drop',
  ],
  [
    'CIDRs of two address groups, the receiver first',
    [eachNamed, { addressGroups: { b: receiver } }],
    [eachNamed, { addressGroups: { a: sender } }],
    'n2 > n3 tcp/80 = drop',
  ],
  [
    'a rule that another one replaces',
    [{ web: { nics: ['n2'], rules: ['in tcp 80'] } }],
    [{ web: { nics: ['n2'], rules: ['in all cidr 10.0.0.0/24', 'in all cidr 2001:db8::/64'] } }],
    'n3 > n2 tcp/80 = pass',
  ],
  [
    'a member that moves from one remote group to another',
    [{ web: { nics: ['n2'], rules: ['in all group db', 'in all group ops'] }, db: { nics: ['n3'] }, ops: {} }],
    [{ web: { nics: ['n2'], rules: ['in all group db', 'in all group ops'] }, db: {}, ops: { nics: ['n3'] } }],
    'n3 > n2 tcp/80 = pass',
  ],
  [
    'a NIC that may use every address from now on, while the receiver stops taking them',
    [{ web: { nics: ['n3'], rules: ['in all'] } }, { nics: { n2: { antiSpoofing: true } } }],
    [{ web: { nics: ['n3'] } }],
    'n2(address) > n3 tcp/80 = drop',
  ],
  [
    'a NIC that may use its own address only from now on, while the receiver begins to take every one',
    [{ web: { nics: ['n3'] } }],
    [{ web: { nics: ['n3'], rules: ['in all'] } }, { nics: { n2: { antiSpoofing: true } } }],
    'n2(address) > n3 tcp/80 = drop',
  ],
  [
    'two NICs of which one may use every address from now on, and the other its own only, while the receiver stops',
    [{ web: { nics: ['n3'], rules: ['in all'] } }, { nics: { n2: { antiSpoofing: true } } }],
    [{ web: { nics: ['n3'] } }, { nics: { n3: { antiSpoofing: true } } }],
    'n2(address) > n3 tcp/80 = drop',
  ],
  [
    'a NIC that moves from one group to another',
    [{ web: { nics: ['n2'], rules: ['in tcp 80'] }, db: { rules: ['in tcp 80-90'] } }],
    [{ web: { rules: ['in tcp 80'] }, db: { nics: ['n2'], rules: ['in tcp 80-90'] } }],
    'out > n2 tcp/80 = pass',
  ],
  [
    'a NIC whose only group goes while another one comes',
    [{ web: { nics: ['n2'], rules: ['in tcp 80'] } }],
    [{ db: { nics: ['n2'], rules: ['in udp 53'] } }],
    'out > n2 tcp/22 = drop',
  ],
];

/** Steps of a change, a line or a table at a time, after which a packet's fate is neither what it was nor what it becomes. */
export function wrongSteps(before: Cloud, after: Cloud, flow: Flow): string[] {
  const renderer = new FirewallRenderer();
  const firewall = simulatedHost();
  const first = planChange(nothingApplied, renderer.render(stateOf(before)));
  for (const step of first.steps) runSimulated(firewall, step);
  const verdicts = [isAllowed(before, flow), isAllowed(after, flow)];
  return smallest(planChange(first.applied, renderer.render(stateOf(after))).steps).flatMap((step) => {
    runSimulated(firewall, step);
    return verdicts.includes(passes(firewall, before, flow)) ? [] : [JSON.stringify(step)];
  });
}

/** A smaller pair of states that is still wrong: without whatever of groups, address groups and NICs it does not need for that. */
export function smallestTransition(
  pair: readonly [Cloud, Cloud],
  isWrong: (before: Cloud, after: Cloud) => boolean,
): readonly [Cloud, Cloud] {
  const next = smaller(pair).find((each) => isWrong(...each));
  return next === undefined ? pair : smallestTransition(next, isWrong);
}

/** The pair with one thing less, in all ways. */
function smaller([before, after]: readonly [Cloud, Cloud]): [Cloud, Cloud][] {
  const inBoth = (change: (at: Cloud) => Cloud): [Cloud, Cloud] => [change(before), change(after)];
  const without = (change: (group: SecurityGroup) => SecurityGroup | undefined) =>
    inBoth((at) => {
      const groups = [...at.groups.values()].flatMap((group) => change(group) ?? []);
      return { ...at, groups: new Map(groups.map((group) => [group.id, group])) };
    });
  const groups = [...before.groups.values(), ...after.groups.values()];
  const ids = new Set(groups.map(({ id }) => id));
  const rules = new Set(groups.flatMap((group) => group.rules.map((rule) => `${group.id} ${rule.id}`)));
  const members = new Set(groups.flatMap((group) => group.nics.map((nic) => `${group.id} ${nic}`)));
  const named = new Set([...before.addressGroups.keys(), ...after.addressGroups.keys()]);
  const plain = scenario('', {}, []).cloud;
  const isPlain = (nic: Nic) => [before, after].every((at) => formatNic(at.nics.get(nic.id)) === formatNic(nic));
  return [
    ...[...ids].map((id) => without((group) => (group.id === id ? undefined : group))),
    ...[...rules].map((key) =>
      without((group) => ({ ...group, rules: group.rules.filter(({ id }) => `${group.id} ${id}` !== key) })),
    ),
    ...[...members].map((key) =>
      without((group) => ({ ...group, nics: group.nics.filter((nic) => `${group.id} ${nic}` !== key) })),
    ),
    ...[...named].map((id) =>
      inBoth((at) => ({ ...at, addressGroups: new Map([...at.addressGroups].filter(([key]) => key !== id)) })),
    ),
    ...[...plain.nics.values()]
      .filter((nic) => !isPlain(nic))
      .map((nic) => inBoth((at) => ({ ...at, nics: new Map(at.nics).set(nic.id, nic) }))),
  ];
}

function formatNic(nic: Nic | undefined): string {
  return JSON.stringify([nic?.antiSpoofing, nic?.egressDefault, nic?.addresses, nic?.allowedPairs ?? []]);
}
