import type { Lane } from '@portcullis/testing';
import { scenario, statedFlows } from '../../conformance/corpus.js';
import { endsOf, judgedLab } from '../../conformance/kernel-judge.js';
import { type Flow, frameOf } from '../../conformance/worlds.js';

/** A flow in the words of the corpus: `n0 > n1 tcp/80 v4`. */
export interface NamedFlow {
  readonly name: string;
  readonly flow: Flow;
}

const families = ['v4', 'v6'] as const;
const ends = [
  ['n0', 'n1', 'out'],
  ['n2', 'n3', 'out'],
  ['n4', 'n5', 'out'],
];
/** All of them with a port or an identifier, so that no packet belongs to the connection of another. */
const packets = ['tcp/80', 'tcp/85', 'udp/53', 'udp/80', 'echo', 'icmp/13'];
const onHost = ['n0', 'n2', 'n3', 'n4', 'n5'];

/** Every kind of packet from everybody to everybody on the same network, and from forged addresses. */
export function allFlows(): NamedFlow[] {
  const pairs = ends.flatMap((each) => each.flatMap((from) => each.map((to) => ({ from, to }))));
  const judged = pairs.filter(({ from, to }) => from !== to && (onHost.includes(from) || onHost.includes(to)));
  const honest = judged.flatMap(({ from, to }) => packets.map((packet) => `${from} > ${to} ${packet}`));
  const forged = onHost.flatMap((from) => {
    const to = ends.find((each) => each.includes(from))?.find((each) => each !== from && each !== 'out');
    return ['mac', 'address'].map((what) => `${from}(${what}) > ${to} tcp/80`);
  });
  return [...honest, ...forged].flatMap((text) => families.map((family) => flowNamed(`${text} ${family}`)));
}

export function flowNamed(name: string): NamedFlow {
  const [stated] = statedFlows(scenario('', {}, [`${name} = pass`]));
  if (stated === undefined) throw new Error(`cannot read ${name}`);
  return { name, flow: stated.flow };
}

/** The lane of a flow; its source port differs in each round. */
export function laneOf(flow: Flow): Lane {
  const ends = endsOf(flow);
  const { srcPort: _, ...packet } = frameOf(flow);
  return { ...ends, packet: { ...packet, dstMac: macOf(ends.to) } };
}

const macs = new Map(judgedLab().vms.map(({ id, mac }) => [id, mac]));

function macOf(vm: string): string {
  const mac = macs.get(vm);
  if (mac === undefined) throw new Error(`no VM ${vm}`);
  return mac;
}
