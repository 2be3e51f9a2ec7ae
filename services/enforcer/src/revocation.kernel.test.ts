import { setTimeout as sleep } from 'node:timers/promises';
import { enforceV1 } from '@portcullis/api';
import { bindingKey, type Cloud, compileHost } from '@portcullis/compile';
import type { Rule, SecurityGroup } from '@portcullis/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EnforcerProcess } from './fixtures/enforcer-process.js';
import { createKernelLab, isRoot, type KernelLab } from './fixtures/kernel-lab.js';
import { VmPinger } from './fixtures/vm-pinger.js';
import { VmTalker } from './fixtures/vm-talker.js';
import { backends } from './kernel/kernel-tools.js';

const poll = { interval: 2, timeout: 8000 };
const host = 'hosts/h1';

/** a1, a2 and a3, which may take over the addresses of a2, on one network; b1 and b2 on another one, with those of a1 and a2. */
const vms = ['a1', 'a2', 'a3', 'b1', 'b2'].map((id, i) => {
  const [network, n] = [id.startsWith('a') ? 'net-a' : 'net-b', id.slice(1)];
  const addresses = [`10.0.0.${n}/24`, `2001:db8::${n}/64`];
  return { id, host: 'h1', network, interfaceName: `vnic${i}.0`, mac: `02:00:00:00:00:0${i + 1}`, addresses };
});
const cidrs = ['10.0.0.0/24', '2001:db8::/64'];
const address = { 4: (n: number) => `10.0.0.${n}`, 6: (n: number) => `2001:db8::${n}` };

type Groups = Readonly<Record<string, Partial<SecurityGroup>>>;

/** a2 and b2 serve: who is in `friends` may speak to them, to the open port everybody. */
const served: Groups = {
  servers: {
    nics: ['a2', 'b2'],
    rules: [
      ingress('tcp', 7000),
      ingress('udp', 7000),
      ingress('icmp'),
      ingress('tcp', 7001, 'any'),
      ingress('udp', 7001, 'any'),
    ],
  },
  friends: { nics: ['a1', 'b1'], rules: [] },
};
const closed: Groups = { ...served, servers: { nics: ['a2', 'b2'], rules: served.servers?.rules?.slice(3) ?? [] } };

function ingress(protocol: Rule['protocol'], port?: number, from: 'friends' | 'any' = 'friends'): Rule {
  const ports = port === undefined ? {} : { ports: { start: port, end: port } };
  const id = `${protocol}${port}${from}`;
  return {
    id,
    direction: 'ingress',
    protocol,
    ...ports,
    ...(from === 'any' ? {} : { remoteGroup: from }),
    active: true,
  };
}

function stateOf(groups: Groups) {
  const networks = ['net-a', 'net-b'].map(
    (id) => ({ id, kind: 'vpc', routingDomain: id, cidrs, dhcpServers: [] }) as const,
  );
  const nics = vms.map(({ id, network, mac, addresses }) => {
    const own = { addresses: addresses.map((text) => text.split('/')[0] ?? ''), antiSpoofing: true };
    const takenOver = id === 'a3' ? [address[4](2), address[6](2)] : [];
    return {
      id,
      network,
      mac,
      ...own,
      allowedPairs: takenOver.map((cidr) => ({ cidr, mac })),
      egressDefault: 'auto',
    } as const;
  });
  const bindings = vms.map(({ id, network, interfaceName }) => {
    const bridge = network === 'net-a' ? 'br0' : 'br1';
    return { nic: id, host, interfaceName, bridge, state: 'active' } as const;
  });
  const whole = Object.entries(groups).map(([id, group]) => ({
    id,
    enabled: true,
    networks: [],
    rules: [],
    nics: [],
    ...group,
  }));
  const cloud: Cloud = {
    groups: new Map(whole.map((group) => [group.id, group])),
    addressGroups: new Map(),
    networks: new Map(networks.map((network) => [network.id, network])),
    nics: new Map(nics.map((nic) => [nic.id, nic])),
    bindings: new Map(bindings.map((binding) => [bindingKey(binding.nic, host), binding])),
  };
  return compileHost(cloud, host);
}

describe.skipIf(!isRoot).each(backends)('what is revoked with iptables-%s', (backend) => {
  let kernel: KernelLab;
  let enforcer: EnforcerProcess;
  let talkers: Record<string, VmTalker>;

  beforeEach(async () => {
    kernel = await createKernelLab({ hosts: ['h1'], networks: ['net-a', 'net-b'].map((id) => ({ id, cidrs })), vms });
    enforcer = await EnforcerProcess.create(kernel);
    talkers = Object.fromEntries(vms.map(({ id }) => [id, new VmTalker(kernel.lab, id)]));
    for (const server of ['a2', 'b2'])
      for (const port of [7000, 7001])
        for (const protocol of ['tcp', 'udp'] as const) await talker(server).listen(protocol, port);
  });
  afterEach(async () => {
    for (const each of Object.values(talkers ?? {})) each.close();
    await enforcer?.remove();
    await kernel?.lab.destroy();
  });

  const talker = (id: string): VmTalker => talkers[id] as VmTalker;
  const start = async (groups: Groups) => {
    const revision = enforcer.say(stateOf(groups));
    await enforcer.start(backend);
    await untilApplied(revision);
  };
  const untilApplied = async (revision: number) => {
    await expect.poll(() => enforcer.dispatcher.applied().at(-1), poll).toBe(revision);
    return performance.timeOrigin + performance.now();
  };
  const change = (groups: Groups) => untilApplied(enforcer.say(stateOf(groups)));

  /** Flows from one VM to another one, one of each protocol and family, that have been answered. */
  async function openFlows(from: string, to: string, port: number): Promise<string[]> {
    const n = Number(to.slice(1));
    const ids: string[] = [];
    for (const protocol of ['tcp', 'udp'] as const) {
      for (const family of [4, 6] as const) {
        const id = `${from}-${to}-${port}-${protocol}${family}`;
        await talker(from).connect(id, { protocol, address: address[family](n), port });
        ids.push(id);
      }
    }
    await answered(from, to, ids);
    return ids;
  }

  async function answered(from: string, to: string, ids: readonly string[]): Promise<void> {
    await talker(from).send(...ids);
    await expect.poll(async () => (await talker(to).tell(ids)).every(({ received }) => received > 0), poll).toBe(true);
    await talker(to).send(...ids);
    await expect
      .poll(async () => (await talker(from).tell(ids)).every(({ received }) => received > 0), poll)
      .toBe(true);
  }

  /** Both ends talk all the time. */
  async function talkBoth(from: string, to: string, ids: readonly string[], everyMs: number): Promise<void> {
    await talker(from).talk(ids, everyMs);
    await talker(to).talk(ids, everyMs);
  }

  /** When the last of a flow came in, at either end. */
  async function lastHeard(from: string, to: string, ids: readonly string[]): Promise<number[]> {
    const [there, here] = [await talker(to).tell(ids), await talker(from).tell(ids)];
    return ids.map((_, i) => Math.max(there[i]?.last ?? 0, here[i]?.last ?? 0));
  }

  async function expectStopped(from: string, to: string, ids: readonly string[], since: number): Promise<void> {
    await sleep(400);
    expect(performance.timeOrigin + performance.now() - since).toBeGreaterThan(350);
    for (const [i, last] of (await lastHeard(from, to, ids)).entries()) {
      expect([ids[i], Math.max(last - since, 100)]).toEqual([ids[i], 100]);
    }
  }

  async function expectGoingOn(from: string, to: string, ids: readonly string[]): Promise<void> {
    const before = [...(await talker(from).tell(ids)), ...(await talker(to).tell(ids))];
    await expect
      .poll(async () => {
        const now = [...(await talker(from).tell(ids)), ...(await talker(to).tell(ids))];
        return now.every(({ received }, i) => received > (before[i]?.received ?? 0));
      }, poll)
      .toBe(true);
  }

  it('stops in both directions within 100 ms of the acknowledgement, and 50 other flows lose nothing', async () => {
    await start(served);
    const revoked = await openFlows('a1', 'a2', 7000);
    const others: Record<'a1-a2' | 'a3-a2' | 'b1-b2', string[]> = { 'a1-a2': [], 'a3-a2': [], 'b1-b2': [] };
    for (let i = 0; i < 50; i += 1) {
      const pair = (['a1-a2', 'a3-a2', 'b1-b2'] as const)[i % 3] ?? 'a1-a2';
      const [from = ''] = pair.split('-');
      const id = `${pair}-${i}`;
      const family = i % 2 === 0 ? 4 : 6;
      await talker(from).connect(id, {
        protocol: i % 5 === 0 ? 'tcp' : 'udp',
        address: address[family](2),
        port: 7001,
      });
      others[pair].push(id);
    }
    for (const [pair, ids] of Object.entries(others)) {
      const [from = '', to = ''] = pair.split('-');
      await answered(from, to, ids);
      await talkBoth(from, to, ids, 25);
    }
    await talkBoth('a1', 'a2', revoked, 5);
    await expectGoingOn('a1', 'a2', revoked);
    await expectStopped('a1', 'a2', revoked, await change(closed));
    for (const [pair, ids] of Object.entries(others)) {
      const [from = '', to = ''] = pair.split('-');
      for (const end of [from, to]) await talker(end).hush(ids);
      const lost = async () => {
        const [here, there] = [await talker(from).tell(ids), await talker(to).tell(ids)];
        return ids.filter(
          (_, i) =>
            here[i]?.sent !== there[i]?.received || there[i]?.sent !== here[i]?.received || (here[i]?.sent ?? 0) < 10,
        );
      };
      await expect.poll(lost, poll).toEqual([]);
    }
    expect(Math.max(...enforcer.dispatcher.reports.map(({ timings }) => timings?.revoke?.nanos ?? 0))).toBeGreaterThan(
      0,
    );
  });

  it('stays stopped when the VM that was spoken to speaks first', async () => {
    await start(served);
    const flows = await openFlows('a1', 'a2', 7000);
    await change(closed);
    await sleep(100);
    const before = await talker('a1').tell(flows);
    await talker('a2').talk(flows, 5);
    await sleep(400);
    expect(await talker('a1').tell(flows)).toEqual(before);
  });

  it.each([4, 6] as const)('stops echoes, and echo replies that nobody asked for (IPv%s)', async (family) => {
    await start(served);
    const [asking, asked] = [new VmPinger(kernel.lab, 'a1'), new VmPinger(kernel.lab, 'a2')];
    const ping = (seq: number) => asking.send('ping', { id: 77, seq, address: address[family](2) });
    const answer = (seq: number) => asked.send('answer', { id: 77, seq, address: address[family](1) });
    await expect.poll(() => asking.heard.has('ready') && asked.heard.has('ready'), poll).toBe(true);
    ping(1);
    await expect.poll(() => asking.heard.has('77 1'), poll).toBe(true);
    answer(2);
    await expect.poll(() => asking.heard.has('77 2'), poll).toBe(true);
    await change(closed);
    ping(3);
    answer(4);
    await sleep(200);
    expect([...asking.heard].filter((line) => /77 [34]/.test(line))).toEqual([]);
    await change(served);
    ping(5);
    await expect.poll(() => asking.heard.has('77 5'), poll).toBe(true);
    expect([asking.errors, asked.errors]).toEqual(['', '']);
    asking.close();
    asked.close();
  });

  const secondGroup = { ...served, more: { nics: ['a2', 'b2'], rules: [] } };
  const narrowEgress: Rule = {
    id: 'e',
    direction: 'egress',
    protocol: 'tcp',
    ports: { start: 7001, end: 7001 },
    active: true,
  };
  it.each<[string, Groups, Groups]>([
    ['a member is removed', served, { ...served, friends: { nics: ['b1'] } }],
    ['a group is disabled', secondGroup, { ...secondGroup, servers: { ...served.servers, enabled: false } }],
    ['the remote group is disabled', served, { ...served, friends: { ...served.friends, enabled: false } }],
    ['a NIC leaves a group', secondGroup, { ...secondGroup, servers: { ...served.servers, nics: ['b2'] } }],
    ['an egress rule closes the egress', served, { ...served, friends: { nics: ['a1'], rules: [narrowEgress] } }],
    ['a NIC becomes guarded', {}, closed],
  ])('is what is no longer allowed when %s', async (_, before, after) => {
    await start(before);
    const [revoked, open] = [await openFlows('a1', 'a2', 7000), await openFlows('a3', 'a2', 7001)];
    await talkBoth('a1', 'a2', revoked, 5);
    await talkBoth('a3', 'a2', open, 5);
    await expectStopped('a1', 'a2', revoked, await change(after));
    const isOpen = (after.servers?.enabled ?? true) && after.servers?.nics?.includes('a2');
    if (isOpen) await expectGoingOn('a3', 'a2', open);
  });

  it('leaves the flows of another routing domain alone that have the same addresses and ports', async () => {
    const split = {
      ...served,
      servers: { ...served.servers, nics: ['a2'] },
      serversB: { ...served.servers, nics: ['b2'] },
    };
    await start(split);
    const flows = { a: await openFlows('a1', 'a2', 7000), b: await openFlows('b1', 'b2', 7000) };
    await talkBoth('a1', 'a2', flows.a, 5);
    await talkBoth('b1', 'b2', flows.b, 5);
    await expectStopped('a1', 'a2', flows.a, await change({ ...split, servers: { ...closed.servers, nics: ['a2'] } }));
    await expectGoingOn('b1', 'b2', flows.b);
  });

  it('leaves a flow alone to whoever has the address, when another NIC that may use it takes its permission back', async () => {
    const rules = [ingress('tcp', 7000, 'any'), ingress('udp', 7000, 'any')];
    const both = { ...served, standIns: { nics: ['a3'], rules } };
    await start(both);
    const flows = await openFlows('a1', 'a2', 7000);
    await talkBoth('a1', 'a2', flows, 5);
    await change({ ...both, standIns: { nics: ['a3'], rules: [] } });
    expect(await kernel.run('ipset', 'save')).toMatch(/^add pc-4r-\S+ 10\.0\.0\.1,tcp:7000,10\.0\.0\.2$/m);
    await sleep(100);
    await expectGoingOn('a1', 'a2', flows);
    await expectStopped('a1', 'a2', flows, await change({ ...closed, standIns: { nics: ['a3'], rules: [] } }));
  });

  it('goes on where the group keeps established flows, while new ones are denied', async () => {
    const keeping = { ...served, servers: { ...served.servers, keepsFlows: true as const } };
    await start(keeping);
    const flows = await openFlows('a1', 'a2', 7000);
    await talkBoth('a1', 'a2', flows, 5);
    await change({ ...closed, servers: { ...closed.servers, keepsFlows: true } });
    await sleep(200);
    await expectGoingOn('a1', 'a2', flows);
    expect(await talker('a1').connect('new', { protocol: 'tcp', address: address[4](2), port: 7000 })).toBe(false);
    await change(closed);
    await expectGoingOn('a1', 'a2', flows);
  });

  it('is revived, and new connections come through, when it is allowed again', async () => {
    await start(served);
    const flows = await openFlows('a1', 'a2', 7000);
    await talkBoth('a1', 'a2', flows, 5);
    await expectStopped('a1', 'a2', flows, await change(closed));
    expect(await kernel.run('ipset', 'save')).toMatch(/^add pc-4r-\S+ 10\.0\.0\.1,tcp:7000,10\.0\.0\.2$/m);
    await change(served);
    await expectGoingOn('a1', 'a2', flows);
    expect(await talker('a1').connect('new', { protocol: 'tcp', address: address[4](2), port: 7000 })).toBe(true);
    expect(await kernel.run(`iptables-${backend}-save`)).not.toContain('PC-REVOKED');
  });

  it('is stopped after all when the enforcer is killed between the rules and the revocation', async () => {
    await start(served);
    const flows = await openFlows('a1', 'a2', 7000);
    await talkBoth('a1', 'a2', flows, 5);
    await enforcer.replaceProgram('conntrack', 'exec sleep 60');
    enforcer.say(stateOf(closed));
    await expect.poll(() => kernel.run(`iptables-${backend}-save`), poll).not.toContain('--dport 7000');
    expect(await talker('a1').connect('new', { protocol: 'tcp', address: address[4](2), port: 7000 })).toBe(false);
    await expectGoingOn('a1', 'a2', flows);
    expect(enforcer.dispatcher.applied().at(-1)).toBe(1);
    await enforcer.stop('SIGKILL');
    await enforcer.replaceProgram('conntrack', 'exec /usr/sbin/conntrack "$@"');
    await enforcer.start(backend);
    await expectStopped('a1', 'a2', flows, await untilApplied(2));
  });

  it('stays stopped while the enforcer is away and after it is back, which writes nothing', async () => {
    await start(served);
    const flows = await openFlows('a1', 'a2', 7000);
    const stoppedAt = await change(closed);
    await talkBoth('a1', 'a2', flows, 5);
    await expect.poll(() => kernel.run('ipset', 'save'), poll).not.toMatch(/^create pc-[46]-/m);
    await enforcer.stop();
    const { length } = await enforcer.writes();
    // Counters are read by the program that writes.
    await enforcer.start(backend, '--hits-interval-ms', '0');
    await expect
      .poll(() => enforcer.dispatcher.reports.filter(({ cause }) => cause === enforceV1.Cause.START).length, poll)
      .toBe(2);
    expect((await enforcer.writes()).slice(length)).toEqual([]);
    await expectStopped('a1', 'a2', flows, stoppedAt);
  });
});
