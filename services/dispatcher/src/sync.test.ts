import { decodeHostGroup, decodeHostNic, type enforceV1 } from '@portcullis/api';
import { digestHostState, type HostState, memberSetKey } from '@portcullis/compile';
import { history, hosts } from '@portcullis/compile/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DispatchState } from './dispatch-state.js';
import { answerSync } from './sync.js';

/** A host as simple as can be: keeps what it is told. */
class ToldHost {
  cursor = '';
  digest = '';
  readonly #nics = new Map<string, ReturnType<typeof decodeHostNic>>();
  readonly #groups = new Map<string, ReturnType<typeof decodeHostGroup>>();
  readonly #addressGroups = new Map<string, { id: string; cidrs: Set<string> }>();
  readonly #members = new Map<string, { group: string; routingDomain: string; addresses: Set<string> }>();

  get state(): HostState {
    return { nics: this.#nics, groups: this.#groups, memberSets: this.#members, addressGroups: this.#addressGroups };
  }

  hear({ event }: enforceV1.SyncResponse): void {
    switch (event.case) {
      case 'snapshotStarted':
        for (const map of [this.#nics, this.#groups, this.#members, this.#addressGroups]) map.clear();
        return;
      case 'nic':
        this.#nics.set(event.value.nic, decodeHostNic(event.value));
        return;
      case 'group':
        this.#groups.set(event.value.group, decodeHostGroup(event.value));
        return;
      case 'memberSet': {
        const { group, routingDomain, reset, addedAddresses, removedAddresses } = event.value;
        const key = memberSetKey(group, routingDomain);
        const old = reset ? undefined : this.#members.get(key)?.addresses;
        const addresses = new Set([...(old ?? []), ...addedAddresses]);
        for (const address of removedAddresses) addresses.delete(address);
        this.#members.set(key, { group, routingDomain, addresses });
        return;
      }
      case 'addressGroup': {
        const { addressGroup: id, reset, addedCidrs, removedCidrs } = event.value;
        const cidrs = new Set([...(reset ? [] : (this.#addressGroups.get(id)?.cidrs ?? [])), ...addedCidrs]);
        for (const cidr of removedCidrs) cidrs.delete(cidr);
        this.#addressGroups.set(id, { id, cidrs });
        return;
      }
      case 'removal': {
        const { removed } = event.value;
        if (removed.case === 'nic') this.#nics.delete(removed.value);
        if (removed.case === 'group') this.#groups.delete(removed.value);
        if (removed.case === 'addressGroup') this.#addressGroups.delete(removed.value);
        if (removed.case === 'memberSet') {
          this.#members.delete(memberSetKey(removed.value.group, removed.value.routingDomain));
        }
        return;
      }
      case 'completed':
        this.cursor = event.value.cursor;
        this.digest = event.value.digest;
        return;
    }
  }
}

it('D1 differences, taken at any moments and also twice, lead to the state that a snapshot gives', () => {
  const moments = fc.array(fc.constantFrom('none', 'sync', 'answer lost'), { minLength: 30, maxLength: 30 });
  fc.assert(
    fc.property(history, moments, (commits, plan) => {
      const state = new DispatchState(() => undefined);
      const registered = new Set(hosts);
      state.apply({ source: 'policy', epoch: 'e', revision: 1, changes: [], hosts: registered });
      const told = new Map(hosts.map((host) => [host, new ToldHost()]));
      commits.forEach((changes, i) => {
        state.apply({ source: 'inventory', epoch: 'e', revision: i + 1, changes, hosts: registered });
        for (const [host, each] of told) {
          const record = state.record(host);
          if (record === undefined || plan[i] === 'none') continue;
          const answer = answerSync(state, record, each.cursor);
          if (plan[i] === 'answer lost') continue;
          for (const message of answer) each.hear(message);
          // Its maps change with each answer; those of a state do not.
          expect(digestHostState(structuredClone(each.state))).toBe(state.digest(host));
          expect(each.digest).toBe(state.digest(host));
        }
      });
    }),
    { numRuns: 300 },
  );
});
