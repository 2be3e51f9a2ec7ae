import { bindingKey, type Cloud } from '@portcullis/compile';
import type { Nic, SecurityGroup } from '@portcullis/model';
import fc from 'fast-check';
import { cloud, labBindings, nicsOf } from './worlds.js';

/** One step from a state to the next: a kind of change, and all that is random about it. */
export interface Change {
  readonly kind: (typeof kinds)[number];
  /** A state of which parts are taken over. */
  readonly donor: Cloud;
  readonly pick: number;
  readonly other: number;
}

const kinds = [
  'rule added',
  'rule removed',
  'rule switched',
  'rules replaced',
  'member added',
  'member removed',
  'group switched',
  'group replaced',
  'CIDRs changed',
  'NIC changed',
  'address changed',
  'NIC bound or unbound',
  'two at once',
  'everything',
] as const;

const often = { arbitrary: fc.constantFrom(...kinds.slice(0, -2)), weight: 12 };
const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.oneof(often, { arbitrary: fc.constantFrom(...kinds.slice(-2)), weight: 1 }),
  donor: cloud,
  pick: fc.nat(),
  other: fc.nat(),
});

/** The same changes for the same seed. */
export function randomChanges(count: number, seed: number): Change[] {
  return fc.sample(change, { numRuns: count, seed });
}

/** A state in which everything has something to say, on the lab's host. */
export function firstCloud(seed: number): Cloud {
  const [first] = fc.sample(cloud, { numRuns: 1, seed });
  if (first === undefined) throw new Error('unreachable');
  return { ...first, bindings: labBindings() };
}

export function applyChange(at: Cloud, { kind, donor, pick, other }: Change): Cloud {
  const groups = [...at.groups.values()];
  const group = groups[pick % groups.length];
  const given = group && donor.groups.get(group.id);
  if (group === undefined || given === undefined) throw new Error('unreachable');
  const nic = nicsOf[other % nicsOf.length]?.id ?? '';
  switch (kind) {
    case 'rule added':
      return withGroup(at, { ...group, rules: [...group.rules, ...given.rules.slice(0, 1)].slice(-20) });
    case 'rule removed':
      return withGroup(at, { ...group, rules: group.rules.toSpliced(other % Math.max(group.rules.length, 1), 1) });
    case 'rule switched': {
      const chosen = other % Math.max(group.rules.length, 1);
      const rules = group.rules.map((rule, i) => (i === chosen ? { ...rule, active: !rule.active } : rule));
      return withGroup(at, { ...group, rules });
    }
    case 'rules replaced':
      return withGroup(at, { ...group, rules: given.rules });
    case 'member added':
      return withGroup(at, { ...group, nics: [...new Set([...group.nics, nic])] });
    case 'member removed':
      return withGroup(at, { ...group, nics: group.nics.toSpliced(other % Math.max(group.nics.length, 1), 1) });
    case 'group switched':
      return withGroup(at, { ...group, enabled: !group.enabled });
    case 'group replaced':
      return withGroup(at, given);
    case 'CIDRs changed':
      return { ...at, addressGroups: donor.addressGroups };
    case 'NIC changed':
      return withNic(at, nic, ({ addresses: _, ...rest }) => rest, donor);
    case 'address changed':
      return withAddress(at, nic);
    case 'NIC bound or unbound':
      return withBinding(at, nic);
    case 'two at once':
      return ['rules replaced' as const, 'NIC changed' as const, 'member added' as const].reduce(
        (state, each, i) => applyChange(state, { kind: each, donor, pick: pick + i, other }),
        at,
      );
    case 'everything':
      return { ...donor, nics: at.nics, bindings: labBindings() };
  }
}

function withGroup(at: Cloud, group: SecurityGroup): Cloud {
  return { ...at, groups: new Map(at.groups).set(group.id, group) };
}

function withNic(at: Cloud, id: string, take: (nic: Nic) => Partial<Nic>, donor: Cloud = at): Cloud {
  const [nic, given] = [at.nics.get(id), donor.nics.get(id)];
  if (nic === undefined || given === undefined) throw new Error(`no NIC ${id}`);
  return { ...at, nics: new Map(at.nics).set(id, { ...nic, ...take(given) }) };
}

/** The NIC gets, or gives back, the addresses of whoever is outside: whose packets are then those of a member. */
function withAddress(at: Cloud, id: string): Cloud {
  const more = ['10.0.0.99', '2001:db8::99'];
  return withNic(at, id, ({ addresses }) => {
    const own = addresses.filter((address) => !more.includes(address));
    return { addresses: own.length === addresses.length ? [...own, ...more] : own };
  });
}

/** n1 is outside in the lab, and is bound nowhere. */
function withBinding(at: Cloud, id: string): Cloud {
  const key = bindingKey(id, 'hosts/h1');
  const [bindings, binding] = [new Map(at.bindings), labBindings().get(key)];
  if (binding === undefined) return at;
  if (!bindings.delete(key)) bindings.set(key, binding);
  return { ...at, bindings };
}
