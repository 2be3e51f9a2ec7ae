import type { HostGroup, HostNic, HostState } from '@portcullis/compile';
import { describe, expect, it } from 'vitest';
import { Closures } from './closures.js';

const group: HostGroup = { id: 'g', rules: [] };
const nic: HostNic = {
  id: 'n',
  interfaceName: 'v0',
  routingDomain: 'd',
  mac: '02:00:00:00:00:01',
  addresses: [],
  antiSpoofing: false,
  guarded: true,
  groups: ['g'],
  egressOpen: false,
  dhcpServers: [],
};
const failure = { nic: 'n', reason: 'RULE_REFUSED', message: 'no' };

function stateOf(ownNic: HostNic | undefined, ownGroup = group): HostState {
  return {
    nics: new Map(ownNic === undefined ? [] : [[ownNic.id, ownNic]]),
    groups: new Map([[ownGroup.id, ownGroup]]),
    memberSets: new Map(),
    addressGroups: new Map(),
  };
}

describe('a NIC that the kernel refused', () => {
  let now = 0;
  const refusedOnce = () => {
    now = 0;
    const closures = new Closures(() => now);
    closures.settle(stateOf(nic), { kept: [], refused: [failure] });
    return closures;
  };
  const isKept = (closures: Closures, state = stateOf(nic)) => closures.inForce(state).length === 1;

  it('stays closed while nothing of it changes', () => {
    const closures = refusedOnce();
    expect(isKept(closures)).toBe(true);
    expect(isKept(closures, { ...stateOf(nic), memberSets: new Map() })).toBe(true);
  });

  it.each([
    ['it has changed', stateOf({ ...nic })],
    ['its group has changed', stateOf(nic, { ...group })],
    ['it is gone', stateOf(undefined)],
  ])('is tried at once when %s', (_, state) => {
    expect(isKept(refusedOnce(), state)).toBe(false);
  });

  it('is tried after pauses that double up to a minute', () => {
    const closures = refusedOnce();
    const pauses: number[] = [];
    for (let i = 0; i < 9; i += 1) {
      const dueAt = closures.nextRetryAt ?? Number.NaN;
      pauses.push(dueAt - now);
      now = dueAt;
      expect(isKept(closures)).toBe(false);
      closures.settle(stateOf(nic), { kept: [], refused: [failure] });
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('is forgotten once the kernel takes it', () => {
    const closures = refusedOnce();
    closures.settle(stateOf(nic), { kept: [], refused: [] });
    expect(closures.nextRetryAt).toBeUndefined();
    expect(isKept(closures)).toBe(false);
  });

  it('keeps its pause while others change', () => {
    const closures = refusedOnce();
    now = 500;
    closures.settle(stateOf(nic), { kept: closures.inForce(stateOf(nic)), refused: [] });
    expect(closures.nextRetryAt).toBe(1000);
  });
});
