import { type Cidr, cidrContains, parseAddress, parseCidr } from '@portcullis/model';
import { buildFrame, type TcpFlag } from '../frames.js';
import type { Sets } from './sets.js';
import { knownOutInterface, knownPhysdevOut, protocolOf, type Traveller } from './situation.js';
import type { Words } from './tokens.js';

/** One condition of a rule, as written, already inverted where a `!` stands before it. */
export type Match = (traveller: Traveller, sets: Sets) => boolean;

/** What a rule's text is read against. */
export interface MatchContext {
  readonly family: 4 | 6;
  /** Told of every set a rule names. */
  readonly useSet: (name: string) => void;
}

type MatchReader = (words: Words, context: MatchContext) => Match;

/** Options that need no `-m`. */
export const plainMatches: Readonly<Record<string, MatchReader>> = {
  '-s': (words, { family }) => address(words, family, ({ packet }) => packet.src),
  '-d': (words, { family }) => address(words, family, ({ packet }) => packet.dst),
  '-i': (words) => interfaceName(words.next(), ({ inInterface }) => inInterface),
  '-o': (words) => interfaceName(words.next(), knownOutInterface),
  '-p': (words) => {
    const number = protocolNumber(words);
    return ({ packet }) => number === 0 || protocolOf(packet) === number;
  },
};

const ports: Readonly<Record<string, MatchReader>> = {
  '--sport': (words) => portRange(words.next(), ({ packet }) => [packet.srcPort]),
  '--dport': (words) => portRange(words.next(), ({ packet }) => [packet.dstPort]),
};
const icmp = (words: Words, { family }: MatchContext): Match => {
  const text = words.next();
  const [type = '', code] = text.split('/');
  const number = /^\d+$/.test(type) ? Number(type) : icmpNames[family][type];
  if (number === undefined) return words.refuse(`unknown ICMP type ${text}`);
  if (family === 4 && number === 255) return ({ packet }) => packet.protocol === 'icmp';
  return ({ icmpType, icmpCode }) => icmpType === number && (code === undefined || icmpCode === Number(code));
};

const ignored: MatchReader = (words) => {
  words.next();
  return () => true;
};

/** The extensions of `-m`, with their options. What is not here is refused. */
export const matchModules: Readonly<Record<string, Readonly<Record<string, MatchReader>>>> = {
  comment: { '--comment': ignored },
  // On rules that decide nothing, where it may match or not.
  limit: { '--limit': ignored, '--limit-burst': ignored },
  tcp: {
    ...ports,
    '--syn': () => tcpFlags(['fin', 'syn', 'rst', 'ack'], ['syn']),
    '--tcp-flags': (words) => tcpFlags(flagList(words.next()), flagList(words.next())),
  },
  udp: ports,
  multiport: {
    '--sports': (words) => portList(words.next(), ({ packet }) => [packet.srcPort]),
    '--dports': (words) => portList(words.next(), ({ packet }) => [packet.dstPort]),
    '--ports': (words) => portList(words.next(), ({ packet }) => [packet.srcPort, packet.dstPort]),
  },
  icmp: { '--icmp-type': icmp },
  icmp6: { '--icmpv6-type': icmp },
  physdev: {
    '--physdev-in': (words) => interfaceName(words.next(), ({ physdevIn }) => physdevIn),
    '--physdev-out': (words) => interfaceName(words.next(), knownPhysdevOut),
    '--physdev-is-in': () => (traveller) => traveller.physdevIn !== '',
    '--physdev-is-out': () => (traveller) => knownPhysdevOut(traveller) !== '',
    '--physdev-is-bridged': () => (traveller) => traveller.physdevIn !== '' && knownPhysdevOut(traveller) !== '',
  },
  conntrack: {
    '--ctstate': (words) => connectionState(words),
    '--ctdir': (words) => {
      const direction = words.next().toLowerCase();
      return (traveller) => traveller.state !== 'untracked' && traveller.direction === direction;
    },
  },
  state: { '--state': (words) => connectionState(words) },
  mark: { '--mark': (words) => maskedMark(words.next(), ({ mark }) => mark) },
  connmark: { '--mark': (words) => maskedMark(words.next(), ({ connectionMark }) => connectionMark) },
  set: {
    '--match-set': (words, { useSet }) => {
      const name = words.next();
      const directions = words.next().split(',');
      if (directions.some((direction) => direction !== 'src' && direction !== 'dst')) words.refuse('src or dst');
      useSet(name);
      return (traveller, sets) => sets.matches(name, directions, traveller);
    },
  },
  mac: {
    '--mac-source': (words) => {
      const mac = words.next().toLowerCase();
      return ({ packet }) => packet.srcMac.toLowerCase() === mac;
    },
  },
  u32: {
    '--u32': (words) => {
      const tests = words
        .next()
        .split('&&')
        .map((text) => wordTest(text) ?? words.refuse(`cannot read ${text}`));
      return ({ packet }) => {
        // As the kernel has it: the packet from its IP header on.
        const bytes = buildFrame(packet).subarray(14);
        return tests.every((test) => test(bytes));
      };
    },
  },
  iprange: {
    '--src-range': (words) => addressRange(words, ({ packet }) => packet.src),
    '--dst-range': (words) => addressRange(words, ({ packet }) => packet.dst),
  },
  hl: { '--hl-eq': (words) => hopLimit(words.next()) },
  ttl: { '--ttl-eq': (words) => hopLimit(words.next()) },
  pkttype: {
    '--pkt-type': (words) => {
      const type = words.next();
      if (!['unicast', 'broadcast', 'multicast'].includes(type)) words.refuse('unknown packet type');
      return ({ packet }) => linkType(packet.dstMac) === type;
    },
  },
};

/** xt_u32: four bytes at a place, masked and shifted in the order written, are the value. No jumps to another place. */
function wordTest(text: string): ((bytes: Buffer) => boolean) | undefined {
  const read = /^(0x[0-9a-f]+)((?:(?:&|>>)0x[0-9a-f]+)*)=(0x[0-9a-f]+)$/.exec(text);
  if (read === null) return undefined;
  const [, at, steps = '', value] = read;
  const changes = [...steps.matchAll(/(&|>>)(0x[0-9a-f]+)/g)];
  return (bytes) => {
    if (Number(at) + 4 > bytes.length) return false;
    const word = changes.reduce(
      (present, [, operator, operand]) =>
        (operator === '&' ? present & Number(operand) : present >>> Number(operand)) >>> 0,
      bytes.readUInt32BE(Number(at)),
    );
    return word === Number(value);
  };
}

function protocolNumber(words: Words): number {
  const text = words.next().toLowerCase();
  const number = protocolNames[text] ?? (/^\d+$/.test(text) ? Number(text) : undefined);
  return number ?? words.refuse('unknown protocol');
}

/** `value/mask` in any base that C reads; the mask is all ones when it is left out. */
export function parseMasked(text: string): { value: number; mask: number } {
  const [value = Number.NaN, mask = 0xffffffff] = text.split('/').map(Number);
  if (!Number.isInteger(value) || !Number.isInteger(mask)) throw new Error(`${text} is not a mark`);
  return { value, mask };
}

const protocolNames: Readonly<Record<string, number>> = {
  all: 0,
  icmp: 1,
  tcp: 6,
  udp: 17,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': 58,
  icmpv6: 58,
  sctp: 132,
  vrrp: 112,
};

const icmpNames: Readonly<Record<4 | 6, Readonly<Record<string, number>>>> = {
  4: { any: 255, 'echo-reply': 0, 'destination-unreachable': 3, redirect: 5, 'echo-request': 8, 'time-exceeded': 11 },
  6: {
    'destination-unreachable': 1,
    'packet-too-big': 2,
    'time-exceeded': 3,
    'parameter-problem': 4,
    'echo-request': 128,
    'echo-reply': 129,
    'router-solicitation': 133,
    'router-advertisement': 134,
    'neighbour-solicitation': 135,
    'neighbor-solicitation': 135,
    'neighbour-advertisement': 136,
    'neighbor-advertisement': 136,
    redirect: 137,
  },
};

function address(words: Words, family: 4 | 6, of: (traveller: Traveller) => string): Match {
  const cidr: Cidr | undefined = parseCidr(words.next());
  if (cidr?.family !== family) return words.refuse(`not an IPv${family} network`);
  return (traveller) => {
    const found = parseAddress(of(traveller));
    return found !== undefined && cidrContains(cidr, found);
  };
}

function addressRange(words: Words, of: (traveller: Traveller) => string): Match {
  const [low, high] = words.next().split('-').map(parseAddress);
  if (low === undefined || high === undefined) return words.refuse('not a range of addresses');
  return (traveller) => {
    const value = parseAddress(of(traveller))?.value ?? -1n;
    return value >= low.value && value <= high.value;
  };
}

/** A trailing + stands for any rest. */
function interfaceName(pattern: string, of: (traveller: Traveller) => string): Match {
  if (!pattern.endsWith('+')) return (traveller) => of(traveller) === pattern;
  return (traveller) => of(traveller).startsWith(pattern.slice(0, -1));
}

function portRange(text: string, of: (traveller: Traveller) => readonly (number | undefined)[]): Match {
  const [low = '', high = low] = text.split(':');
  const [from, to] = [Number(low === '' ? 0 : low), Number(high === '' ? 65_535 : high)];
  if (!(from >= 0 && from <= to && to <= 65_535)) throw new Error(`${text} is not a range of ports`);
  return (traveller) => of(traveller).some((port) => port !== undefined && port >= from && port <= to);
}

function portList(text: string, of: (traveller: Traveller) => readonly (number | undefined)[]): Match {
  const ranges = text.split(',').map((part) => portRange(part, of));
  return (traveller, sets) => ranges.some((range) => range(traveller, sets));
}

function flagList(text: string): TcpFlag[] {
  if (text === 'NONE') return [];
  if (text === 'ALL') return ['fin', 'syn', 'rst', 'psh', 'ack', 'urg'];
  return text.split(',').map((flag) => flag.toLowerCase() as TcpFlag);
}

function tcpFlags(looked: readonly TcpFlag[], set: readonly TcpFlag[]): Match {
  return ({ packet }) => {
    const flags = packet.tcpFlags ?? ['syn'];
    return packet.protocol === 'tcp' && looked.every((flag) => flags.includes(flag) === set.includes(flag));
  };
}

function connectionState(words: Words): Match {
  const states = words.next().toLowerCase().split(',');
  const known = ['new', 'established', 'related', 'invalid', 'untracked'];
  if (states.some((state) => !known.includes(state))) return words.refuse('unknown connection state');
  return ({ state }) => states.includes(state);
}

function maskedMark(text: string, of: (traveller: Traveller) => number): Match {
  const { value, mask } = parseMasked(text);
  return (traveller) => (of(traveller) & mask) >>> 0 === value >>> 0;
}

function hopLimit(text: string): Match {
  return (traveller) => traveller.hopLimit === Number(text);
}

function linkType(mac: string): string {
  if (mac.toLowerCase() === 'ff:ff:ff:ff:ff:ff') return 'broadcast';
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1 ? 'multicast' : 'unicast';
}
