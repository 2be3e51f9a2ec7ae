import { describe, expect, it } from 'vitest';
import type { Packet } from '../frames.js';
import { SimulatedFirewall } from './firewall.js';
import type { Situation } from './situation.js';

const macs = { srcMac: '02:00:00:00:00:01', dstMac: '02:00:00:00:00:02' };
const tcp: Packet = {
  family: 4,
  ...macs,
  src: '10.0.0.1',
  dst: '10.0.0.2',
  protocol: 'tcp',
  srcPort: 999,
  dstPort: 80,
};
const udp: Packet = { ...tcp, protocol: 'udp', dstPort: 53 };
const echo: Packet = { family: 4, ...macs, src: '10.0.0.1', dst: '10.0.0.2', protocol: 'icmp' };
const v6: Packet = { ...tcp, family: 6, src: '2001:db8::1', dst: '2001:db8::2' };
const solicitation: Packet = { ...v6, protocol: 'icmp', icmpType: 135 };
const sets = `
create hosts hash:ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0xde829815
add hosts 10.0.0.1
create hosts6 hash:ip family inet6
add hosts6 2001:db8::1
create nets hash:net family inet
add nets 10.0.0.0/8
add nets 10.0.0.1 nomatch
create ports bitmap:port range 1-65535
add ports 79-80
create services hash:net,port family inet
add services 10.0.0.0/24,tcp:80
add services 0.0.0.0/1,udp:53-54
add services 10.0.0.0/24,icmp:8/0
create list list:set size 8
add list hosts6
add list hosts
`;

function filter(rules: string, policy = 'ACCEPT'): string {
  return `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ${policy} [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules}\nCOMMIT\n`;
}

function verdict(rules: string, packet: Packet, situation: Situation = {}): string {
  const text = filter(rules);
  return new SimulatedFirewall({
    ipv4: packet.family === 4 ? text : '',
    ipv6: packet.family === 6 ? text : '',
    sets,
  }).judge(packet, situation).verdict;
}

const plugged: Situation = { physdevIn: 'vnic1.0', physdevOut: 'vnic2.0', inInterface: 'br0', outInterface: 'br0' };

describe('one match', () => {
  it.each<[string, Packet, Situation, boolean]>([
    ['-s 10.0.0.0/24', tcp, {}, true],
    ['! -s 10.0.0.0/24', tcp, {}, false],
    ['-d 10.0.0.1/32', tcp, {}, false],
    ['-s 2001:db8::/64', v6, {}, true],
    ['-i br+', tcp, plugged, true],
    ['-o br1', tcp, plugged, false],
    ['-p tcp', tcp, {}, true],
    ['-p tcp', udp, {}, false],
    ['! -p tcp', udp, {}, true],
    ['-p tcp -m tcp --dport 80', tcp, {}, true],
    ['-p tcp -m tcp --dport 81:90', tcp, {}, false],
    ['-p tcp -m tcp ! --dport 81:90', tcp, {}, true],
    ['-p udp -m udp --dport 80', tcp, {}, false],
    ['-p tcp -m tcp --sport :999 --dport 80:', tcp, {}, true],
    ['-p tcp -m multiport --dports 22,79:81', tcp, {}, true],
    ['-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN', tcp, {}, true],
    ['-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN', { ...tcp, tcpFlags: ['ack'] }, {}, true],
    ['-p icmp -m icmp --icmp-type 8', echo, {}, true],
    ['-p icmp -m icmp --icmp-type 8/1', echo, {}, false],
    ['-p icmp -m icmp --icmp-type any', { ...echo, icmpType: 3 }, {}, true],
    ['-p ipv6-icmp -m icmp6 --icmpv6-type 135', solicitation, {}, true],
    ['-p ipv6-icmp -m icmp6 --icmpv6-type 136', solicitation, {}, false],
    ['-m physdev --physdev-in vnic1.0', tcp, plugged, true],
    ['-m physdev --physdev-in vnic1', tcp, plugged, false],
    ['-m physdev --physdev-out vnic+', tcp, plugged, true],
    ['-m physdev ! --physdev-out vnic2.0', tcp, plugged, false],
    ['-m physdev --physdev-is-bridged', tcp, plugged, true],
    ['-m physdev --physdev-is-bridged', tcp, {}, false],
    ['-m physdev ! --physdev-is-bridged', tcp, {}, true],
    ['-m conntrack --ctstate NEW', tcp, {}, true],
    ['-m conntrack --ctstate RELATED,ESTABLISHED', tcp, {}, false],
    ['-m conntrack --ctstate RELATED,ESTABLISHED', tcp, { state: 'established' }, true],
    ['-m state --state NEW', solicitation, {}, false],
    ['-m conntrack --ctstate UNTRACKED', solicitation, {}, true],
    ['-m mark --mark 0x1/0x3', tcp, { mark: 5 }, true],
    ['-m mark ! --mark 0x1', tcp, { mark: 5 }, true],
    ['-m set --match-set hosts src', tcp, {}, true],
    ['-m set --match-set hosts dst', tcp, {}, false],
    ['-m set ! --match-set hosts dst', tcp, {}, true],
    ['-m set --match-set hosts6 src', v6, {}, true],
    ['-m set --match-set list src', v6, {}, true],
    ['-m set --match-set nets src', tcp, {}, false],
    ['-m set --match-set nets dst', tcp, {}, true],
    ['-m set --match-set ports dst', tcp, {}, true],
    ['-m set --match-set ports dst', udp, {}, false],
    ['-m set --match-set ports dst', echo, {}, false],
    ['-m set --match-set services src,dst', tcp, {}, true],
    ['-m set --match-set services src,dst', udp, {}, true],
    ['-m set --match-set services src,src', tcp, {}, false],
    ['-m set --match-set services src,dst', echo, {}, true],
    ['-m mac --mac-source 02:00:00:00:00:01', tcp, {}, true],
    ['-m u32 --u32 0x14&0xffff=0x50', tcp, {}, true],
    ['-m u32 --u32 0x14>>0x10=0x3e7', tcp, {}, true],
    ['-m u32 --u32 "0x14&0xffff=0x50&&0xc=0xa000002"', tcp, {}, false],
    ['-m u32 --u32 0x28>>0x18=0x87', solicitation, {}, true],
    ['-m u32 --u32 0x100&0x0=0x0', tcp, {}, false],
    ['-m comment --comment "a \\"b -j DROP"', tcp, {}, true],
  ])('%s', (match, packet, situation, isHit) => {
    expect(verdict(`-A FORWARD ${match} -j DROP`, packet, situation)).toBe(isHit ? 'drop' : 'accept');
  });
});

it('passes over what only logs, however often it does', () => {
  const log = '-A FORWARD -m limit --limit 3/sec --limit-burst 9 -j NFLOG --nflog-prefix PC-NI-1 --nflog-group 4711';
  expect(verdict(`${log}\n-A FORWARD -j DROP`, tcp)).toBe('drop');
  expect(verdict(log, tcp)).toBe('accept');
  expect(() => verdict('-A FORWARD -m limit --limit 3/sec -j MARK --set-xmark 0x1/0x1', tcp)).toThrow();
});

describe('the walk', () => {
  const chains = ':one - [0:0]\n:two - [0:0]\n';
  it.each([
    ['ends at the first verdict', '-A FORWARD -j ACCEPT\n-A FORWARD -j DROP', 'accept'],
    ['returns from a chain that ends', `${chains}-A FORWARD -j one\n-A FORWARD -j DROP`, 'drop'],
    ['returns early', `${chains}-A FORWARD -j one\n-A one -j RETURN\n-A one -j DROP`, 'accept'],
    ['does not come back after goto', `${chains}-A FORWARD -j one\n-A one -g two\n-A one -j DROP`, 'accept'],
    ['comes back to the last jump', `${chains}-A FORWARD -j one\n-A FORWARD -j DROP\n-A one -g two`, 'drop'],
    ['carries a mark', '-A FORWARD -j MARK --set-xmark 0x1/0x1\n-A FORWARD -m mark --mark 0x1/0x1 -j DROP', 'drop'],
    [
      'clears bits',
      '-A FORWARD -j MARK --set-mark 3\n-A FORWARD -j MARK --and-mark 0x2\n-A FORWARD -m mark --mark 2 -j DROP',
      'drop',
    ],
  ])('%s', (_, rules, expected) => {
    expect(verdict(rules, tcp)).toBe(expected);
  });

  it('falls to the policy and tells so', () => {
    const firewall = new SimulatedFirewall({ ipv4: filter('-A FORWARD -p udp -j ACCEPT', 'DROP') });
    expect(firewall.judge(tcp)).toMatchObject({ verdict: 'drop', trace: ['filter FORWARD: policy drop'] });
    expect(firewall.judge(udp)).toMatchObject({ verdict: 'accept', trace: ['filter FORWARD: -p udp -j ACCEPT'] });
    expect(firewall.judge(tcp, { path: 'input' }).verdict).toBe('accept');
  });

  it('knows no state in raw, and no port to leave by before FORWARD', () => {
    const raw = (rule: string) => `*raw\n:PREROUTING ACCEPT\n-A PREROUTING ${rule}\nCOMMIT\n`;
    const judge = (rule: string) => new SimulatedFirewall({ ipv4: raw(rule) }).judge(tcp, plugged).verdict;
    expect(judge('-m conntrack --ctstate NEW -j DROP')).toBe('accept');
    expect(judge('-m physdev --physdev-out vnic2.0 -j DROP')).toBe('accept');
    expect(judge('-m physdev --physdev-in vnic1.0 -j DROP')).toBe('drop');
    const untracked = raw('-j CT --notrack') + filter('-A FORWARD -m conntrack --ctstate UNTRACKED -j DROP');
    expect(new SimulatedFirewall({ ipv4: untracked }).judge(tcp).verdict).toBe('drop');
  });
});

describe('S1 what it does not know it refuses', () => {
  it.each([
    '-A FORWARD -m limit --limit 3/sec -j DROP',
    '-A FORWARD -j TEE --gateway 10.0.0.1',
    '-A FORWARD -j nowhere',
    '-A FORWARD -m set --match-set nothing src -j DROP',
    '-A FORWARD --dport 80 -j DROP',
    '-A nowhere -j DROP',
    '-A FORWARD -m set --match-set hosts6 src -j DROP',
    '-A FORWARD -s 2001:db8::1 -j DROP',
  ])('%s', (rule) => {
    expect(() => verdict(rule, tcp)).toThrow();
  });
});

describe('restore', () => {
  const base = () =>
    new SimulatedFirewall({
      ipv4: filter(':one - [0:0]\n-A FORWARD -j one\n-A one -m set --match-set hosts src -j DROP'),
      sets,
    });

  it('replaces only the chains it declares when it keeps others', () => {
    const firewall = base();
    firewall.restoreRules(4, '*filter\n:one - [0:0]\n-A one -p udp -j DROP\nCOMMIT\n', { keepOthers: true });
    expect(firewall.judge(tcp).verdict).toBe('accept');
    expect(firewall.judge(udp).verdict).toBe('drop');
  });

  it('changes nothing of a table whose text is wrong', () => {
    const firewall = base();
    expect(() => firewall.restoreRules(4, '*filter\n-F one\n-A one -j gone\nCOMMIT\n', { keepOthers: true })).toThrow(
      'gone',
    );
    expect(firewall.judge(tcp).verdict).toBe('drop');
  });

  it('S2 keeps a set that a rule names', () => {
    expect(() => base().restoreSets('destroy hosts')).toThrow('in use');
  });

  it('follows members and swaps', () => {
    const firewall = base();
    firewall.restoreSets('create other hash:ip\nadd other 10.9.9.9\nswap hosts other');
    expect(firewall.judge(tcp).verdict).toBe('accept');
    firewall.restoreSets('del hosts 10.9.9.9\nadd hosts 10.0.0.1\nadd hosts 10.0.0.1 -exist');
    expect(() => firewall.restoreSets('add hosts 10.0.0.1')).toThrow('already added');
    expect(firewall.judge(tcp).verdict).toBe('drop');
  });
});
