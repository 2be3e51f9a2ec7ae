import { isForgedArp, isForgedMac } from '@portcullis/model';
import { nothingApplied, planChange } from '@portcullis/plan';
import { FirewallRenderer } from '@portcullis/ruleset';
import { type Arp, buildArpFrame, buildFrame, SimulatedFrames } from '@portcullis/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scenario } from './corpus.js';
import { KernelJudge } from './kernel-judge.js';
import { nicsOf, shared, stateOf } from './worlds.js';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('ARP in a real kernel needs root: skipped.');

const [, , n2, n3] = nicsOf as readonly (typeof nicsOf)[number][];
if (n2 === undefined || n3 === undefined) throw new Error('unreachable');
const broadcast = 'ff:ff:ff:ff:ff:ff';
const foreignMac = '02:00:00:00:0f:0f';
const [own = '', peer = ''] = [n2.addresses[0], n3.addresses[0]];

/** A request of n2 for n3, but for what is said otherwise. */
const arp = (fields: Partial<Arp>): Arp => ({
  srcMac: n2.mac,
  dstMac: broadcast,
  operation: 'request',
  senderMac: fields.srcMac ?? n2.mac,
  sender: own,
  targetMac: '00:00:00:00:00:00',
  target: peer,
  ...fields,
});
const reply = { operation: 'reply', dstMac: n3.mac, targetMac: n3.mac } as const;

/** What n2 sends towards n3, and whether it arrives. n2 has anti-spoofing, and may use the shared address with its MAC. */
const stated: readonly (readonly [string, Arp, boolean])[] = [
  ['a request from its own address', arp({}), true],
  ['an answer with its own address', arp(reply), true],
  ['a gratuitous request for its own address', arp({ target: own }), true],
  ['a gratuitous answer for its own address', arp({ operation: 'reply', target: own, targetMac: broadcast }), true],
  ['the question whether its own address is free', arp({ sender: '0.0.0.0', target: own }), true],
  ["the question whether somebody else's address is free", arp({ sender: '0.0.0.0' }), false],
  ["a request from somebody else's address", arp({ sender: '10.0.0.77' }), false],
  ["an answer with somebody else's address", arp({ ...reply, sender: '10.0.0.77' }), false],
  ["a gratuitous request for the receiver's address", arp({ sender: peer }), false],
  ['its own address said to be at another MAC', arp({ senderMac: foreignMac }), false],
  ['an answer that names another MAC', arp({ ...reply, senderMac: foreignMac }), false],
  ['everything from another MAC', arp({ srcMac: foreignMac }), false],
  ['a frame from another MAC that names its own', arp({ srcMac: foreignMac, senderMac: n2.mac }), false],
  ['the shared address with its MAC', arp({ srcMac: shared.mac, sender: shared[4] }), true],
  [
    'the question whether the shared address is free',
    arp({ srcMac: shared.mac, sender: '0.0.0.0', target: shared[4] }),
    true,
  ],
  ['the shared address with its own MAC', arp({ sender: shared[4] }), false],
  ['its own address with the shared MAC', arp({ srcMac: shared.mac }), false],
];

/** Frames of n2 from MACs that nobody has: of no known protocol, packets of both families from its own addresses, in a VLAN too. */
const foreign = [undefined, 4, 6].flatMap((family, n) =>
  [false, true].map((isTagged): Buffer => {
    const mac = `02:00:00:00:00:a${2 * n + Number(isTagged)}`;
    const packet = { srcMac: mac, dstMac: broadcast, protocol: 'udp', srcPort: 9, dstPort: 9 } as const;
    const [src = '', dst = ''] = [n2, n3].map(({ addresses }) => addresses[family === 6 ? 1 : 0]);
    const frame =
      family === undefined
        ? Buffer.concat([Buffer.from(`ffffffffffff${mac.replaceAll(':', '')}88b6`, 'hex'), Buffer.alloc(46)])
        : Buffer.from(buildFrame({ ...packet, family: family === 6 ? 6 : 4, src, dst }));
    return isTagged
      ? Buffer.concat([frame.subarray(0, 12), Buffer.from('81000007', 'hex'), frame.subarray(12)])
      : frame;
  }),
);

/** To a link-local group address (LLDP): the bridge forwards no such frame, and netfilter does not see it. */
const linkLocal = (mac: string) =>
  Buffer.concat([Buffer.from(`0180c200000e${mac.replaceAll(':', '')}88cc`, 'hex'), Buffer.alloc(46)]);

const guarded = scenario('', {}, [], {
  nics: { n2: { antiSpoofing: true, allowedPairs: [{ mac: shared.mac, cidr: `${shared[4]}/32` }] } },
}).cloud;
const nic = guarded.nics.get(n2.id);
if (nic === undefined) throw new Error('unreachable');

describe('ARP of a NIC with anti-spoofing', () => {
  it.each(stated)(
    '%s is judged by the reference as stated',
    (_, { srcMac: sourceMac, senderMac, sender, target }, passes) => {
      expect(isForgedArp(nic, { sourceMac, senderMac, sender, target })).toBe(!passes);
    },
  );

  it.each(stated)('%s is judged by the rendered text as stated', (_, { srcMac, senderMac, sender, target }, passes) => {
    const frames = new SimulatedFrames();
    for (const step of planChange(nothingApplied, new FirewallRenderer().render(stateOf(guarded))).steps) {
      if (step.kind === 'frames') frames.restore(step.text);
    }
    expect(frames.passes({ port: 'vnic2.0', srcMac, arp: { senderMac, sender, target } })).toBe(passes);
    expect(frames.passes({ port: 'vnic3.0', srcMac, arp: { senderMac, sender, target } })).toBe(true);
    expect(frames.passes({ port: 'vnic2.0', srcMac })).toBe(!isForgedMac(nic, srcMac));
    // Packets are iptables' to judge.
    expect(frames.passes({ port: 'vnic2.0', srcMac, family: 4 })).toBe(true);
  });
});

describe.skipIf(!isRoot).each(['nft', 'legacy'] as const)('the kernel beside iptables-%s', (backend) => {
  let kernel: KernelJudge;
  beforeAll(async () => {
    kernel = await KernelJudge.start(backend);
  });
  afterAll(async () => {
    await kernel?.close();
  });

  const probesOf = (to: string) =>
    stated.map(([, packet, passes]) => {
      const expected = passes ? ('delivered' as const) : ('dropped' as const);
      return { from: 'n2', to, frame: buildArpFrame(packet), expected };
    });

  it('lets pass what is stated, and drops the rest', async () => {
    await kernel.apply(guarded);
    expect(await kernel.deliverFrames(probesOf('n3'))).toEqual(stated.map(([, , passes]) => passes));
  });

  it('lets everything pass without anti-spoofing', async () => {
    await kernel.apply({ ...guarded, nics: new Map([...guarded.nics, [nic.id, { ...nic, antiSpoofing: false }]]) });
    const probes = probesOf('n3').map((probe) => ({ ...probe, expected: 'delivered' as const }));
    expect(await kernel.deliverFrames(probes)).toEqual(stated.map(() => true));
  });

  it('the bridge learns no place from a frame with a foreign MAC', async () => {
    await kernel.apply(guarded);
    const probes = foreign.map((frame) => ({ from: 'n2', to: 'n3', frame, expected: 'dropped' as const }));
    expect(await kernel.deliverFrames(probes)).toEqual(foreign.map(() => false));
    const { stdout } = await kernel.lab.exec(kernel.lab.hostNamespace('h1'), 'bridge', ['fdb', 'show']);
    expect(stdout).toContain(`${n2.mac} dev vnic2.0`);
    expect(stdout).not.toContain('02:00:00:00:00:a');
  });

  it('nor from one to a link-local group address, if it is told not to', async () => {
    await kernel.apply(guarded);
    const run = async (command: string, ...args: string[]) => {
      const { code, stdout, stderr } = await kernel.lab.exec(kernel.lab.hostNamespace('h1'), command, args);
      expect([code, stderr]).toEqual([0, '']);
      return stdout;
    };
    const bridges: { ifname: string }[] = JSON.parse(await run('ip', '-json', 'link', 'show', 'type', 'bridge'));
    const learnedWith = async (value: '0' | '1', mac: string) => {
      for (const { ifname } of bridges)
        await run('ip', 'link', 'set', ifname, 'type', 'bridge', 'no_linklocal_learn', value);
      const probe = { from: 'n2', to: 'n3', frame: linkLocal(mac), expected: 'dropped' as const };
      expect(await kernel.deliverFrames([probe])).toEqual([false]);
      return (await run('bridge', 'fdb', 'show')).includes(mac);
    };
    expect(await learnedWith('1', '02:00:00:00:00:b1')).toBe(false);
    // What docs/operating.md warns of.
    expect(await learnedWith('0', '02:00:00:00:00:b0')).toBe(true);
    await learnedWith('1', '02:00:00:00:00:b1');
  });
});
