import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Code, ConnectError } from '@connectrpc/connect';
import { formatRevisionToken, parseRevisionToken } from '@portcullis/api';
import { type PrivatePostgres, startPrivatePostgres } from '@portcullis/store/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addressGroup,
  goodRule,
  group,
  network,
  nic,
  openWorld,
  type PolicyWorld,
  parent,
} from './testing/policy-world.js';

/** What a project holds, as far as these calls change it: lists are sorted. */
interface Model {
  /** Groups that come and go. */
  readonly groups: Set<string>;
  /** Of group `rules`, beside its automatic ones: port, and the address group if one is named. */
  readonly rules: Set<string>;
  /** CIDRs by address group, and how often the list has changed. */
  readonly lists: Map<string, { cidrs: Set<string>; version: number }>;
  /** `nic group` */
  readonly members: Set<string>;
}

/** A call, and what it does to a model; it answers false where it must have been refused. */
interface Step {
  readonly what: string;
  readonly call: (client: PolicyWorld['client'], requestId: string) => Promise<{ revisionToken: string }>;
  readonly apply: (model: Model) => boolean;
}

const subset = <Item>(items: readonly Item[], seed: number) => items.filter((_, i) => (seed >> i) & 1);
const withAll = (set: Set<string>, items: readonly string[]) => items.every((item) => set.has(item));
const passing = ['x', 'y', 'z'];
const standing = ['s0', 's1', 's2'];
const cidrs = ['10.0.0.0/8', '11.0.0.0/8', '2001:db8::/32', '192.0.2.1/32'];
const nics = ['n1', 'n2'];

/** The same numbers each time: a failure can be looked at again. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}

const makers: readonly ((n: number) => Step)[] = [
  (n) => {
    const ids = subset(passing, 1 + (n % 7));
    const requests = ids.map((securityGroupId) => ({ parent, securityGroupId }));
    return {
      what: `create groups ${ids}`,
      call: (client, requestId) => client.batchCreateSecurityGroups({ parent, requests, requestId }),
      apply: ({ groups }) => {
        if (ids.some((id) => groups.has(id))) return false;
        for (const id of ids) groups.add(id);
        return true;
      },
    };
  },
  (n) => {
    const ids = subset(passing, 1 + (n % 7));
    const requests = ids.map((id) => ({ name: group(id) }));
    return {
      what: `delete groups ${ids}`,
      call: (client, requestId) => client.batchDeleteSecurityGroups({ parent, requests, requestId }),
      apply: ({ groups }) => withAll(groups, ids) && ids.every((id) => groups.delete(id)),
    };
  },
  (n) => {
    const ports = subset([1, 2, 3, 4, 5, 6], 1 + (n % 63));
    const { startPort: _, endPort: __, ...rule } = goodRule();
    const expansions = [{ ...rule, portRanges: ports.map((startPort) => ({ startPort })) }];
    const request = { parent: group('rules'), expansions, skipExisting: true };
    return {
      what: `expand ports ${ports}`,
      call: (client, requestId) => client.batchCreateSecurityGroupRules({ ...request, requestId }),
      apply: ({ rules }) => {
        for (const port of ports) rules.add(`${port} `);
        return true;
      },
    };
  },
  (n) => {
    const port = 1 + (n % 6);
    const securityGroupRule = goodRule({ startPort: port, endPort: port, addressGroup: addressGroup('l2') });
    return {
      what: `rule that names l2, port ${port}`,
      call: (client, requestId) =>
        client.createSecurityGroupRule({ parent: group('rules'), securityGroupRule, requestId }),
      apply: ({ rules, lists }) => {
        const rule = `${port} ${addressGroup('l2')}`;
        if (!lists.has('l2') || rules.has(rule)) return false;
        rules.add(rule);
        return true;
      },
    };
  },
  () => ({
    what: 'create l2',
    call: (client, requestId) => client.createAddressGroup({ parent, addressGroupId: 'l2', requestId }),
    apply: ({ lists }) => {
      if (lists.has('l2')) return false;
      lists.set('l2', { cidrs: new Set(), version: 1 });
      return true;
    },
  }),
  () => ({
    what: 'delete l2 by force',
    call: (client, requestId) => client.deleteAddressGroup({ name: addressGroup('l2'), force: true, requestId }),
    apply: ({ lists, rules }) => {
      for (const rule of rules) if (rule.endsWith('l2')) rules.delete(rule);
      return lists.delete('l2');
    },
  }),
  (n) => {
    const [list, added] = [n % 3 === 0 ? 'l2' : 'l1', subset(cidrs, 1 + (n % 15))];
    return {
      what: `add ${added} to ${list}`,
      call: (client, requestId) => client.addCidrs({ addressGroup: addressGroup(list), cidrs: added, requestId }),
      apply: ({ lists }) => {
        const found = lists.get(list);
        if (!found) return false;
        if (!withAll(found.cidrs, added)) found.version += 1;
        for (const cidr of added) found.cidrs.add(cidr);
        return true;
      },
    };
  },
  (n) => {
    const [list, removed] = [n % 3 === 0 ? 'l2' : 'l1', subset(cidrs, 1 + (n % 15)).slice(0, 2)];
    return {
      what: `remove ${removed} from ${list}`,
      call: (client, requestId) => client.removeCidrs({ addressGroup: addressGroup(list), cidrs: removed, requestId }),
      apply: ({ lists }) => {
        const found = lists.get(list);
        if (!found || !withAll(found.cidrs, removed)) return false;
        found.version += 1;
        return removed.every((cidr) => found.cidrs.delete(cidr));
      },
    };
  },
  (n) => {
    const [id, joined] = [nics[n % 2] ?? '', subset(standing, (n >> 1) % 8)];
    const securityGroups = joined.map(group);
    return {
      what: `set groups of ${id} to ${joined}`,
      call: (client, requestId) => client.setNicSecurityGroups({ nic: nic(id), securityGroups, requestId }),
      apply: ({ members }) => {
        for (const each of standing) members.delete(`${id} ${each}`);
        for (const each of joined) members.add(`${id} ${each}`);
        return true;
      },
    };
  },
  (n) => {
    const [id, left] = [nics[n % 2] ?? '', standing[(n >> 1) % 3] ?? ''];
    return {
      what: `${id} leaves ${left}`,
      call: (client, requestId) => client.removeNics({ securityGroup: group(left), nics: [nic(id)], requestId }),
      apply: ({ members }) => members.delete(`${id} ${left}`),
    };
  },
];

function textOf({ groups, rules, lists, members }: Model): string {
  const listed = [...lists].map(([id, list]) => [id, [...list.cidrs].sort(), list.version]);
  return JSON.stringify([[...groups].sort(), [...rules].sort(), listed.sort(), [...members].sort()]);
}

/** What is stored, as of a revision or later. */
async function observe({ client }: PolicyWorld, minRevisionToken: string): Promise<Model> {
  const lastOf = (name: string) => name.slice(name.lastIndexOf('/') + 1);
  const { securityGroups } = await client.listSecurityGroups({ parent, minRevisionToken });
  const { securityGroupRules } = await client.listSecurityGroupRules({
    parent: group('rules'),
    minRevisionToken,
  });
  const { addressGroups } = await client.listAddressGroups({ parent, minRevisionToken });
  const { memberships } = await client.listMemberships({ parent, minRevisionToken });
  const own = securityGroupRules.filter(({ automatic }) => !automatic);
  const model: Model = {
    groups: new Set(securityGroups.map(({ name }) => lastOf(name)).filter((id) => passing.includes(id))),
    rules: new Set(own.map((rule) => `${rule.startPort} ${rule.addressGroup}`)),
    lists: new Map(
      addressGroups.map(({ name, maskedCidrs, version }) => [
        lastOf(name),
        { cidrs: new Set(maskedCidrs), version: Number(version) },
      ]),
    ),
    members: new Set(memberships.map((each) => `${lastOf(each.nic)} ${lastOf(each.securityGroup)}`)),
  };
  // A set would hide what was made twice.
  expect([own.length, memberships.length]).toEqual([model.rules.size, model.members.size]);
  return model;
}

const allowed = [Code.AlreadyExists, Code.NotFound];

let folder: string;
let postgres: PrivatePostgres;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'portcullis-policy-'));
  postgres = await startPrivatePostgres();
});
afterAll(async () => {
  await postgres.remove();
  await rm(folder, { recursive: true, force: true });
});

describe.each([
  ['SQLite', () => `sqlite:${path.join(folder, 'policy.db')}`],
  ['PostgreSQL', () => postgres.url],
])('on %s', (_, url) => {
  it('batches, expansions, address groups and memberships at once are as if made one after the other', async () => {
    const worlds = [await openWorld(url()), await openWorld(url())] as const;
    const [{ client, store }] = worlds;
    for (const id of ['rules', ...standing]) await worlds[0].createGroup(id);
    for (const id of standing) {
      await client.attachNetworks({ securityGroup: group(id), networks: [network('net1')] });
    }
    const { revisionToken } = await client.createAddressGroup({ parent, addressGroupId: 'l1' });
    const first = parseRevisionToken(revisionToken)?.revision ?? 0;
    const next = numbers(4711);
    const steps = Array.from({ length: 240 }, () =>
      (makers[next() % makers.length] as (typeof makers)[number])(next()),
    );

    const done: { step: Step; revision: number }[] = [];
    let refusedCount = 0;
    const waiting = [...steps.entries()];
    const work = async () => {
      for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
        const [i, step] = entry;
        const requestId = randomUUID();
        // Every third is sent twice, to both replicas at once: it must be made once, and answered alike.
        const senders = i % 3 === 0 ? worlds : [worlds[i % 2] as PolicyWorld];
        const [answer, ...again] = await Promise.allSettled(senders.map((each) => step.call(each.client, requestId)));
        for (const other of again) {
          if (other.status === 'fulfilled' && answer?.status === 'fulfilled') expect(other.value).toEqual(answer.value);
        }
        const answered = [answer, ...again].find((each) => each?.status === 'fulfilled');
        if (answered?.status === 'fulfilled') {
          done.push({ step, revision: parseRevisionToken(answered.value.revisionToken)?.revision ?? 0 });
        } else if (answer?.status === 'rejected') {
          refusedCount += 1;
          expect(allowed, String(answer.reason)).toContain(ConnectError.from(answer.reason).code);
        }
      }
    };
    await Promise.all(Array.from({ length: 12 }, work));

    const model: Model = {
      groups: new Set(),
      rules: new Set(),
      lists: new Map([['l1', { cidrs: new Set(), version: 1 }]]),
      members: new Set(),
    };
    const last = Math.max(...done.map(({ revision }) => revision));
    // One replica hears a moment later of what the other has done.
    await expect.poll(async () => (await store.log(first, 10_000))?.at(-1)?.revision).toBe(last);
    const commits = await store.log(first, 10_000);
    expect(commits?.map(({ revision }) => revision)).toEqual(commits?.map((_, i) => first + 1 + i));
    for (let revision = first; revision <= last; revision += 1) {
      const here = done.filter((each) => each.revision === revision);
      const changed: string[] = [];
      // The one that made the revision, then those that found nothing to change, whatever their order.
      for (let rest = here; rest.length > 0; ) {
        const before = textOf(model);
        const at = Math.max(
          0,
          rest.findIndex(({ step }) => {
            const tried = structuredClone(model);
            return step.apply(tried) && textOf(tried) !== before;
          }),
        );
        const { step } = rest[at] as (typeof here)[number];
        expect(step.apply(model), `revision ${revision}: ${step.what}`).toBe(true);
        if (textOf(model) !== before) changed.push(step.what);
        rest = rest.filter((_, i) => i !== at);
      }
      expect(changed.length, `revision ${revision}: ${changed.join('; ')}`).toBe(revision === first ? 0 : 1);
    }
    const token = formatRevisionToken({ service: 'policy', epoch: store.epoch, revision: last });
    for (const world of worlds) expect(textOf(await observe(world, token))).toBe(textOf(model));
    expect([done.length > 100, refusedCount > 10]).toEqual([true, true]);
    await Promise.all(worlds.map((world) => world.close()));
  });
});
