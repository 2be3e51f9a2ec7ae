import type { Cloud } from '@portcullis/compile';
import type { Nic } from '@portcullis/model';
import { scenario } from '../../conformance/corpus.js';
import { outsiderOf } from '../../conformance/worlds.js';
import type { PartOptions } from './change-part.js';
import type { FloodedHost } from './flooded-host.js';
import { flowNamed, type NamedFlow } from './lanes.js';

const memberCount = 10_000;
const groupOf = (name: string) => `projects/p/securityGroups/${name}`;

/** n2 and n3 accept whatever is in a group of 10 000 NICs of the flat network. */
export function largeSetCloud(): Cloud {
  const { cloud } = scenario('', { web: { nics: ['n2', 'n3'], rules: ['in all group big'] }, big: {} }, []);
  const members = Array.from({ length: memberCount }, (_, i) => memberNic(i));
  return withMembers(
    { ...cloud, nics: new Map([...cloud.nics, ...members.map((nic) => [nic.id, nic] as const)]) },
    members,
  );
}

/** New connections from members spread over the whole set, and from two who are not in it. */
export function largeSetFlows(): NamedFlow[] {
  const spread = Array.from({ length: 20 }, (_, i) => i * 500 + 1);
  return (['v4', 'v6'] as const).flatMap((family, f) => [
    ...spread.map((i) =>
      from(memberNic(i).addresses[f] ?? '', `member ${i}`, `out > n${2 + (i % 2)} tcp/80 ${family}`),
    ),
    ...[77, 78].map((i) => from(outsiderOf(i)[f] ?? '', `outsider ${i}`, `out > n2 udp/53 ${family}`)),
  ]);
}

/** One of the members, none of those who speak, goes or comes back, `count` times. */
export async function changeLargeSet(host: FloodedHost, { count, onProgress, signal }: PartOptions): Promise<void> {
  const members = Array.from({ length: memberCount }, (_, i) => memberNic(i));
  for (let i = 0; i < count; i += 1) {
    signal?.throwIfAborted();
    const moved = 2 + (i >> 1) * 7;
    const kept = i % 2 === 0 ? members.filter((_, index) => index !== moved) : members;
    await host.acknowledged(host.say(withMembers(host.cloud, kept)));
    onProgress(i + 1);
  }
}

function withMembers(at: Cloud, members: readonly Nic[]): Cloud {
  const big = at.groups.get(groupOf('big'));
  if (big === undefined) throw new Error('no large group');
  return { ...at, groups: new Map(at.groups).set(big.id, { ...big, nics: members.map(({ id }) => id) }) };
}

function memberNic(index: number): Nic {
  return {
    id: `projects/p/nics/m${index}`,
    network: 'projects/p/networks/flat',
    mac: '02:00:00:00:0e:0e',
    addresses: [`10.16.${index >> 8}.${index & 255}`, `2001:db8:16::${index.toString(16)}`],
    antiSpoofing: false,
    egressDefault: 'auto',
  };
}

function from(source: string, name: string, text: string): NamedFlow {
  const { flow } = flowNamed(text);
  return { name: `${name}: ${text}`, flow: { ...flow, packet: { ...flow.packet, source } } };
}
