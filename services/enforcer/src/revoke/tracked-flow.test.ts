import { describe, expect, it } from 'vitest';
import { parseTrackedFlow } from './tracked-flow.js';

describe('a line of conntrack', () => {
  const ends = { source: '10.0.0.1', destination: '10.0.0.2', zone: 0 };
  const [there, back] = ['src=10.0.0.1 dst=10.0.0.2', 'src=10.0.0.2 dst=10.0.0.1'];

  it.each([
    [
      'of TCP, in a zone',
      `tcp      6 431999 ESTABLISHED ${there} sport=40000 dport=80 ${back} sport=80 dport=40000 [ASSURED] mark=0 zone=77 use=1`,
      { ...ends, protocol: 6, port: 80, sourcePort: 40_000, zone: 77 },
    ],
    [
      'of UDP without an answer',
      `udp      17 29 ${there} sport=53 dport=9 [UNREPLIED] ${back} sport=9 dport=53 mark=0 use=1`,
      { ...ends, protocol: 17, port: 9, sourcePort: 53 },
    ],
    [
      'of an echo',
      `icmp     1 29 ${there} type=8 code=0 id=3 ${back} type=0 code=0 id=3 mark=0 use=1`,
      { ...ends, protocol: 1, port: 8 * 256, sourcePort: 0 },
    ],
    [
      'of an IPv6 echo, with an address that is printed in another way',
      'icmpv6   58 29 src=::ffff:1.2.3.4 dst=2001:db8::2 type=128 code=1 id=12 src=2001:db8::2 dst=::ffff:1.2.3.4 type=129 code=1 id=12 mark=0 use=1',
      {
        source: '::ffff:102:304',
        destination: '2001:db8::2',
        protocol: 58,
        port: 128 * 256 + 1,
        sourcePort: 0,
        zone: 0,
      },
    ],
    [
      'of a protocol without ports',
      `gre      47 29 ${there} srckey=0x0 dstkey=0x0 [UNREPLIED] ${back} srckey=0x0 dstkey=0x0 mark=0 use=1`,
      { ...ends, protocol: 47, port: 0, sourcePort: 0 },
    ],
    [
      'of a protocol whose ports sets do not see',
      `dccp     33 599 ${there} sport=5 dport=6 [UNREPLIED] ${back} sport=6 dport=5 mark=0 use=1`,
      { ...ends, protocol: 33, port: 0, sourcePort: 0 },
    ],
    [
      'of a flow whose destination was translated: it is judged where it arrives',
      'tcp      6 99 ESTABLISHED src=10.0.0.1 dst=192.0.2.1 sport=4 dport=8080 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=4 [ASSURED] use=1',
      { ...ends, protocol: 6, port: 80, sourcePort: 4 },
    ],
  ])('%s is read', (_, line, flow) => {
    expect(parseTrackedFlow(line)).toEqual(flow);
  });

  it.each([
    ['that is none', 'conntrack v1.4.7 (conntrack-tools): 0 flow entries have been shown.'],
    ['that is empty', ''],
    [
      'S2 with something that is no address',
      'tcp      6 9 src=host.example dst=10.0.0.2 sport=1 dport=2 src=a,b dst=c sport=2 dport=1',
    ],
    ['S2 with something that is no port', `tcp      6 9 ${there} sport=1 dport=2 ${back} sport=2;x dport=1`],
    ['S2 with a port that is none', `tcp      6 9 ${there} sport=1 dport=2 ${back} sport=70000 dport=1`],
  ])('%s is passed over', (_, line) => {
    expect(parseTrackedFlow(line)).toBeUndefined();
  });
});
