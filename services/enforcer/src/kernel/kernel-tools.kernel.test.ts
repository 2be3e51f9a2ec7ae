import { readFileSync, statSync } from 'node:fs';
import { type HostState, memberSetKey } from '@portcullis/compile';
import { type Cidr, formatCidr as format, parseCidr, type Rule } from '@portcullis/model';
import { planChange, readApplied } from '@portcullis/plan';
import { countsMembers, FirewallRenderer, flowElements, groupChain, slottedName } from '@portcullis/ruleset';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKernelLab, isRoot, type KernelLab } from '../fixtures/kernel-lab.js';
import { randomStates } from '../fixtures/random-state.js';
import { parseTrackedFlow } from '../revoke/tracked-flow.js';
import { createLauncher } from './exec.js';
import { backends, type KernelTools } from './kernel-tools.js';
import { ProcessTools } from './process-tools.js';
import { SessionTools } from './session-tools.js';

const kinds = { ProcessTools, SessionTools };
const drivers = backends.flatMap((backend) =>
  (['ProcessTools', 'SessionTools'] as const).map((kind) => ({ backend, kind })),
);

describe.skipIf(!isRoot).each(drivers)('$kind on iptables-$backend', ({ backend, kind }) => {
  let host: KernelLab;
  let tools: KernelTools;
  beforeAll(async () => {
    host = await createKernelLab();
    tools = new kinds[kind](backend, host.launcher);
  });
  afterAll(async () => {
    await tools?.close();
    await host?.lab.destroy();
  });

  const renderer = new FirewallRenderer();
  const planTo = async (state: HostState) =>
    planChange(readApplied(await tools.read()), renderer.render(state), { keepStrays: true });
  const apply = async (state: HostState) => {
    for (const step of (await planTo(state)).steps) await tools.run(step);
  };

  it('leaves in the kernel what was rendered, state after state', async () => {
    for (const state of randomStates(25, 7)) {
      await apply(state);
      expect((await planTo(state)).steps).toEqual([]);
    }
  });

  it('finds every kind of rule printed as it was rendered', async () => {
    const state = stateWithEveryKindOfRule();
    await apply(state);
    expect((await planTo(state)).steps).toEqual([]);
  });

  it('reads what rules have counted, which an edit of their chain leaves to those that stay', async () => {
    const [group, port] = ['projects/p/securityGroups/g', 4711];
    const state = stateWithEveryKindOfRule();
    const [nic] = state.nics.values();
    if (nic === undefined) throw new Error('unreachable');
    const chain = groupChain('ingress', group, nic.routingDomain);
    const rule = (id: string, start: number): Rule => ({
      id,
      direction: 'ingress',
      protocol: 'udp',
      ports: { start, end: start },
      active: true,
    });
    const withRules = (...rules: Rule[]): HostState => ({
      ...state,
      nics: new Map([[nic.id, { ...nic, groups: [group], guarded: true }]]),
      groups: new Map([[group, { id: group, rules }]]),
    });
    const counted = async () =>
      Object.fromEntries((await tools.countHits(4, [chain])).map(({ rule: text, packets }) => [text, packets]));
    // The next plan takes the jump out: it is none of ours that is in its place.
    const send = async () => {
      await host.run(`iptables-${backend}`, '-w', '5', '-I', 'OUTPUT', '-j', chain);
      await host.run('bash', '-c', `echo x >/dev/udp/127.0.0.1/${port}`);
    };
    const text = (at: number) => `-p udp -m udp --dport ${at} -g PC-ALLOW`;
    const rules = [rule('a', port), rule('b', 4712), rule('c', 4713), rule('d', 4714)];
    await apply(withRules(...rules));
    await host.run('ip', 'link', 'set', 'lo', 'up');
    await send();
    expect(await counted()).toEqual({ [text(port)]: 1, [text(4712)]: 0, [text(4713)]: 0, [text(4714)]: 0 });
    await apply(withRules(...rules, rule('e', 4715)));
    await send();
    expect(await counted()).toMatchObject({ [text(port)]: 2, [text(4715)]: 0 });
    await expect(tools.countHits(4, [chain, 'PC-GI-none'])).rejects.toThrow();
    await host.run(`iptables-${backend}`, '-w', '5', '-D', 'OUTPUT', '1');
    expect((await planTo(withRules(...rules, rule('e', 4715)))).steps).toEqual([]);
  });

  it('reads what the members of a set of CIDRs have counted, each by itself', async () => {
    const [group, port] = ['projects/p/securityGroups/g', 4711];
    const state = stateWithEveryKindOfRule();
    const [nic] = state.nics.values();
    if (nic === undefined) throw new Error('unreachable');
    const cidrs = ['127.0.0.0/30', '127.0.0.4', ...Array.from({ length: 20 }, (_, i) => `10.${i}.0.0/16`)];
    const rules = cidrs.map((cidr, i): Rule => {
      const ports = { start: port, end: port };
      const [text, length = '32'] = cidr.split('/');
      return { id: `r${i}`, direction: 'egress', protocol: 'udp', ports, cidr: `${text}/${length}`, active: true };
    });
    const counted: HostState = {
      ...state,
      nics: new Map([[nic.id, { ...nic, groups: [group], guarded: true }]]),
      groups: new Map([[group, { id: group, rules }]]),
    };
    await apply(counted);
    expect((await planTo(counted)).steps).toEqual([]);
    const [[name = '', place] = []] = [...readApplied(await tools.read())[4].sets].filter(([each]) =>
      countsMembers(each),
    );
    const set = slottedName(name, place?.slot ?? 'f');
    await host.run('ip', 'link', 'set', 'lo', 'up');
    const chain = groupChain('egress', group, nic.routingDomain);
    await host.run(`iptables-${backend}`, '-w', '5', '-I', 'OUTPUT', '-j', chain);
    for (const to of ['127.0.0.1', '127.0.0.2', '127.0.0.4']) {
      await host.run('bash', '-c', `echo x >/dev/udp/${to}/${port}`);
    }
    await host.run(`iptables-${backend}`, '-w', '5', '-D', 'OUTPUT', '1');
    const hits = await tools.countMemberHits([set]);
    expect(hits).toHaveLength(cidrs.length);
    expect(
      Object.fromEntries(hits.filter(({ packets }) => packets > 0).map(({ rule, packets }) => [rule, packets])),
    ).toEqual({ '127.0.0.0/30': 2, '127.0.0.4': 1 });
    await expect(tools.countMemberHits([set, 'pc-4c-none'])).rejects.toThrow();
  });

  it('reads which bridges learn from frames to link-local groups', async () => {
    const before = await tools.learningBridges();
    await host.run('ip', 'link', 'add', 'br-learns', 'type', 'bridge');
    await host.run('ip', 'link', 'add', 'br-told', 'type', 'bridge', 'no_linklocal_learn', '1');
    expect(await tools.learningBridges()).toEqual(new Set([...before, 'br-learns']));
    await host.run('ip', 'link', 'delete', 'br-learns');
    await host.run('ip', 'link', 'delete', 'br-told');
    expect(await tools.learningBridges()).toEqual(before);
  });

  it('finds revoked flows of every protocol printed as they were rendered', async () => {
    const [state] = randomStates(1, 5) as [HostState];
    const [nic = ''] = state.nics.keys();
    const ends = [
      { source: '10.0.0.1', destination: '10.0.0.2', icmp: 1, messages: [8, 13, 15, 17] },
      { source: '2001:db8::1', destination: '::ffff:102:304', icmp: 58, messages: [128, 139] },
    ];
    const flows = ends.flatMap(({ source, destination, icmp, messages }) => [
      ...messages.map((type) => ({ source, destination, protocol: icmp, port: type * 256 })),
      { source, destination, protocol: icmp, port: (messages[0] ?? 0) * 256 + 7 },
      ...Array.from({ length: 255 }, (_, i) => ({ source, destination, protocol: i + 1, port: 0 })).filter(
        ({ protocol }) => ![1, 6, 17, 58].includes(protocol),
      ),
      ...[6, 17, 132, 136].map((protocol) => ({ source, destination, protocol, port: 80 })),
    ]);
    const elements = new Map(flows.map((flow) => [flowElements(flow)[0] ?? '', flow]));
    const revoked = (['ingress', 'egress'] as const).map((direction) => ({ nic, direction, flows: elements }));
    const planned = async () =>
      planChange(readApplied(await tools.read()), renderer.render(state, new Set(), revoked), { keepStrays: true });
    for (const step of (await planned()).steps) await tools.run(step);
    expect((await planned()).steps).toEqual([]);
    await apply(state);
    expect((await planTo(state)).steps).toEqual([]);
  });

  it('reads the flows that are tracked, or says why not', async () => {
    const lines: string[] = [];
    // Connections are tracked where a rule asks for their state.
    await apply(stateWithEveryKindOfRule());
    await host.run('bash', '-c', 'echo x >/dev/udp/127.0.0.1/4712');
    const [source, destination] = ['2001:db8::1', '2001:db8::2'];
    const ends = ['-s', source, '-d', destination, '--sport', '1', '--dport', '4712'];
    await host.run('conntrack', '-I', '-p', 'udp', ...ends, '-t', '60');
    // Not all versions list both families at once, which is known from the second time on.
    for (const _ of [1, 2]) {
      lines.length = 0;
      await tools.readFlows((line) => lines.push(line));
      const flows = lines.map(parseTrackedFlow);
      for (const pair of [
        { source: '127.0.0.1', destination: '127.0.0.1' },
        { source, destination },
      ]) {
        const alike = flows.filter((flow) => flow?.source === pair.source && flow.port === 4712);
        expect(alike).toEqual([expect.objectContaining({ ...pair, protocol: 17, zone: 0 })]);
      }
      expect(flows).not.toContain(undefined);
    }
    const broken = new kinds[kind](backend, createLauncher({ prefix: ['/no/such/program'] }));
    await expect(broken.readFlows(() => undefined)).rejects.toMatchObject({ failure: 'broken' });
    await broken.close();
  });

  it('sees what others have changed since its last batch', async () => {
    const iptables = (...args: string[]) => host.run(`iptables-${backend}`, '-w', '1', ...args);
    const [before, after] = randomStates(2, 11);
    if (before === undefined || after === undefined) throw new Error('unreachable');
    await apply(before);
    await iptables('-N', 'FOREIGN');
    await iptables('-A', 'FOREIGN', '-s', '192.0.2.1', '-j', 'DROP');
    await iptables('-A', 'FORWARD', '-j', 'FOREIGN');
    await iptables('-F', 'PC-FORWARD');
    await iptables('-A', 'PC-INGRESS', '-j', 'DROP');
    await iptables('-I', 'FORWARD', '1', '-j', 'ACCEPT');
    await host.run('ipset', 'create', 'foreign', 'hash:ip');
    await apply(after);
    expect((await planTo(after)).steps).toEqual([]);
    const saved = await tools.read();
    expect(saved.ipv4).toContain('-A FORWARD -j ACCEPT\n-A FORWARD -j FOREIGN\n');
    expect(saved.ipv4).toContain('-A FOREIGN -s 192.0.2.1/32 -j DROP\n');
    expect(saved.sets).toContain('create foreign hash:ip');
  });

  it('leaves the rules as they were when a line is refused, and tells why', async () => {
    const before = await tools.read();
    const text = '*filter\n:PC-X - [0:0]\n-A PC-X -j RETURN\n-A PC-X -m set --match-set none src -j DROP\nCOMMIT\n';
    await expect(tools.run({ kind: 'rules', family: 4, text })).rejects.toMatchObject({
      failure: 'refused',
      message: expect.stringContaining("Set none doesn't exist"),
    });
    const withoutComments = (saved: string) => saved.replaceAll(/^#.*\n/gm, '');
    expect(withoutComments((await tools.read()).ipv4)).toBe(withoutComments(before.ipv4));
    const next = { kind: 'rules', family: 4, text: '*filter\n:PC-X - [0:0]\n-X PC-X\nCOMMIT\n' } as const;
    await expect(tools.run(next)).resolves.toBeUndefined();
  });

  it('leaves frames as they were when a line, or the whole, is refused, tells why, and goes on', async () => {
    const frames = (...lines: string[]) => tools.run({ kind: 'frames', text: `*nat\n${lines.join('\n')}\nCOMMIT\n` });
    const ofX = async () => (await tools.read()).frames?.split('\n').filter((line) => line.includes('PC-X'));
    await frames(':PC-X RETURN', '-A PC-X -i a -j DROP');
    const before = [':PC-X RETURN', '-A PC-X -i a -j DROP'];
    expect(await ofX()).toEqual(before);
    await expect(frames(':PC-X RETURN', '-A PC-NONE -i b -j DROP')).rejects.toMatchObject({
      failure: 'refused',
      line: '-A PC-NONE -i b -j DROP',
    });
    expect(await ofX()).toEqual(before);
    // The kernel refuses it, not the tool: PREROUTING jumps to it.
    await host.run('ebtables-nft', '-t', 'nat', '-A', 'PREROUTING', '-j', 'PC-X');
    await expect(frames(':PC-X RETURN', '-X PC-X')).rejects.toMatchObject({ failure: 'refused' });
    expect(await ofX()).toEqual([before[0], '-A PREROUTING -j PC-X', before[1]]);
    await frames('-D PREROUTING -j PC-X', ':PC-X RETURN', '-X PC-X');
    expect(await ofX()).toEqual([]);
  });

  it('names the line that was refused when asked to be exact', async () => {
    const lines = ['create pc-x hash:ip', 'add pc-x 10.0.0.1', 'add pc-none 10.0.0.1', 'add pc-x 10.0.0.2'];
    await expect(tools.run({ kind: 'sets', lines }, { exact: true })).rejects.toMatchObject({
      line: 'add pc-none 10.0.0.1 -exist',
    });
    expect(await tools.destroySets(['pc-x', 'pc-none'])).toEqual(new Set(['pc-x', 'pc-none']));
  });

  it('misses no refused line of a set, however fast', async () => {
    for (let i = 0; i < (kind === 'SessionTools' ? 1000 : 20); i += 1) {
      const isWrong = i % 3 === 0;
      const lines = isWrong ? ['create pc-y hash:ip', 'add pc-none 10.0.0.1'] : ['create pc-y hash:ip'];
      const result = await tools.run({ kind: 'sets', lines }).then(
        () => 'done',
        (error) => error.failure,
      );
      expect(result).toBe(isWrong ? 'refused' : 'done');
      expect((await tools.destroySets(['pc-y'])).size).toBe(1);
    }
  });

  it('does not destroy a set that a rule names', async () => {
    await host.run('ipset', 'create', 'pc-z', 'hash:ip');
    await host.run(`iptables-${backend}`, '-A', 'FORWARD', '-m', 'set', '--match-set', 'pc-z', 'src');
    expect(await tools.destroySets(['pc-z'])).toEqual(new Set());
    await host.run(`iptables-${backend}`, '-D', 'FORWARD', '-m', 'set', '--match-set', 'pc-z', 'src');
    await expect.poll(() => tools.destroySets(['pc-z'])).toEqual(new Set(['pc-z']));
  });

  it('keeps the xtables lock from nobody between two batches', async () => {
    const noop = { kind: 'rules', family: 4, text: '*filter\n:PC-X - [0:0]\n-X PC-X\nCOMMIT\n' } as const;
    await tools.run(noop);
    const startedAt = performance.now();
    await host.run(`iptables-${backend}`, '-w', '5', '-L', '-n');
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(readFileSync('/proc/locks', 'utf8')).not.toMatch(new RegExp(`:${lockInode()} `));
  });

  const lockInode = () =>
    statSync(`/run/${host.lab.hostNamespace('h1')}.lock`, { throwIfNoEntry: false })?.ino ?? 'none';
});

/**
 * Every ICMP type and the first and last code, every prefix length of both families, alone and in a set, ports at their ends,
 * and NICs and ports enough for trees.
 */
function stateWithEveryKindOfRule(): HostState {
  const id = 'projects/p/securityGroups/g';
  const remote = {
    group: id,
    routingDomain: 'default',
    addresses: new Set(['10.0.0.1', '2001:db8::1', '::ffff:1.2.3.4']),
  };
  const cidrs = [
    ...Array.from({ length: 33 }, (_, length) => formatCidr(parseCidr(`172.31.255.255/${length}`))),
    ...Array.from({ length: 129 }, (_, length) => formatCidr(parseCidr(`fdff:ffff::ffff:1/${length}`))),
    ...['::/96', '::1.2.3.4/128', '::ffff:0:0/96', '::1/128', '64:ff9b::102:304/128', '2001:db8:0:1:1:1:1:1/128'],
  ];
  const ends = [1, 2, 22, 65_534, 65_535];
  const matched: Partial<Rule>[] = [
    { protocol: 'icmp' },
    ...Array.from({ length: 256 }, (_, type) => [{ type }, { type, code: 0 }, { type, code: 255 }])
      .flat()
      .map((icmp) => ({ protocol: 'icmp' as const, icmp })),
    ...ends.flatMap((start) =>
      ends.filter((end) => end >= start).map((end) => ({ protocol: 'udp' as const, ports: { start, end } })),
    ),
    ...[1, 2, 3, 4, 20_000, 20_001, 40_000, 40_001, 65_532, 65_533, 65_534, 65_535].map((port) => {
      return { protocol: 'tcp' as const, ports: { start: port, end: port } };
    }),
    ...cidrs.map((cidr) => ({ cidr })),
    { addressGroup: 'office' },
    { addressGroup: 'office', remoteGroup: id },
    { protocol: 'tcp', ports: { start: 1, end: 1 }, addressGroup: 'empty', remoteGroup: id },
    { protocol: 'tcp', ports: { start: 1, end: 1 }, cidr: '10.0.0.0/8', remoteGroup: id },
  ];
  const rules = matched.flatMap((fields, i) =>
    (['ingress', 'egress'] as const).map(
      (direction): Rule => ({
        id: `${id}/rules/${i}-${direction}`,
        direction,
        protocol: 'all',
        active: true,
        ...fields,
      }),
    ),
  );
  const nic = {
    id: 'projects/p/nics/n',
    interfaceName: 'a-b_c.d@e:fghij',
    bridge: 'br-0',
    routingDomain: 'default',
    mac: '02:00:00:00:00:0a',
    addresses: ['10.0.0.1', '2001:db8::1', '::ffff:1.2.3.4'],
    antiSpoofing: true,
    guarded: true,
    groups: [id],
    egressOpen: false,
    dhcpServers: ['10.0.0.250', 'fe80::1'],
  };
  // Addresses that begin alike in nothing, in much, and in all but the last bits.
  const addresses4 = ['1.0.0.1', '65.0.0.1', '65.0.0.2', '128.0.0.1', '128.128.0.1', '192.168.0.1', '192.168.0.254'];
  const addresses6 = [
    '::1.2.3.4',
    '::1.2.3.5',
    '::ffff:1.2.3.4',
    '2001:db8::2',
    '2001:db8::3',
    '4001::1',
    'fdff:ffff::1',
  ];
  const others = addresses4.map((address, i) => {
    const addresses = [address, addresses6[i] ?? ''];
    return { ...nic, id: `projects/p/nics/n${i}`, interfaceName: `vnic${i}.0`, addresses };
  });
  return {
    nics: new Map([nic, ...others].map((each) => [each.id, each])),
    groups: new Map([[id, { id, rules }]]),
    memberSets: new Map([[memberSetKey(id, 'default'), remote]]),
    addressGroups: new Map([
      ['office', { id: 'office', cidrs: new Set(cidrs) }],
      ['empty', { id: 'empty', cidrs: new Set<string>() }],
    ]),
  };
}

function formatCidr(cidr: Cidr | undefined): string {
  if (cidr === undefined) throw new Error('not a CIDR');
  return format(cidr);
}
