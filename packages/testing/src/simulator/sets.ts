import { addressBits, parseAddress, parseCidr } from '@portcullis/model';
import { icmpElementNames } from './icmp-names.js';
import { protocolOf, type Traveller } from './situation.js';
import { Words } from './tokens.js';

/** One dimension of one entry: an inclusive range of values, under a protocol when it is a port. */
interface Part {
  readonly low: bigint;
  readonly high: bigint;
  readonly protocol?: number;
  /** Of a network, so that the most specific entry wins. */
  readonly prefixLength?: number;
}

interface Entry {
  readonly parts: readonly Part[];
  readonly isNomatch: boolean;
}

interface IpSet {
  readonly type: string;
  readonly dimensions: readonly string[];
  readonly family: 4 | 6 | undefined;
  /** By the text of the element; of a list:set, the names of its sets. */
  readonly entries: Map<string, Entry>;
}

/** `ipset save` and `ipset restore` text, line by line; as in the kernel, lines before an error stay. */
export class Sets {
  readonly #sets = new Map<string, IpSet>();

  /** Whether a rule of this family may name the set: iptables refuses sets of the other family. */
  fits(name: string, family: 4 | 6): boolean {
    const set = this.#sets.get(name);
    return set !== undefined && (set.family === undefined || set.family === family);
  }

  names(): string[] {
    return [...this.#sets.keys()];
  }

  /** @param isInUse - whether a rule names the set: such a set is neither destroyed nor renamed. */
  restore(text: string, isInUse: (name: string) => boolean): void {
    for (const line of text.split('\n')) {
      if (line.trim() !== '' && !line.startsWith('#') && line.trim() !== 'COMMIT')
        this.#apply(new Words(line), isInUse);
    }
  }

  /** Whether the packet is in the set; `directions` has one of src and dst per dimension. */
  matches(name: string, directions: readonly string[], traveller: Traveller): boolean {
    const set = this.#sets.get(name);
    if (set === undefined) throw new Error(`no set ${name}`);
    if (set.type === 'list:set') {
      return [...set.entries.keys()].some((member) => this.matches(member, directions, traveller));
    }
    if (set.family !== undefined && set.family !== traveller.packet.family) return false;
    if (directions.length < set.dimensions.length) return false;
    const keys = set.dimensions.map((dimension, i) => packetKey(set, dimension, directions[i] ?? '', traveller));
    const hits = [...set.entries.values()].filter(({ parts }) => parts.every((part, i) => isInPart(part, keys[i])));
    return hits.length > 0 && !mostSpecific(hits).isNomatch;
  }

  #apply(words: Words, isInUse: (name: string) => boolean): void {
    let command = words.next();
    const exist = command === '-exist' || command === '-!';
    if (exist) command = words.next();
    const rest: string[] = [];
    while (!words.isEmpty) rest.push(words.next());
    const [name = '', second = ''] = rest;
    const mayExist = exist || rest.includes('-exist') || rest.includes('-!');
    const set = this.#sets.get(name);
    if (['create', '-N'].includes(command)) {
      if (set === undefined) this.#sets.set(name, createSet(second, rest.slice(2)));
      else if (!mayExist) words.refuse('set exists');
      return;
    }
    if (['destroy', '-X'].includes(command)) {
      if (set === undefined && !mayExist) words.refuse('no such set');
      if (isInUse(name) || this.#isMember(name)) words.refuse('set is in use');
      this.#sets.delete(name);
      return;
    }
    if (set === undefined) words.refuse('no such set');
    if (['add', '-A'].includes(command)) this.#add(set, rest, mayExist, words);
    else if (['del', '-D'].includes(command)) this.#remove(set, second, mayExist, words);
    else if (['flush', '-F'].includes(command)) set.entries.clear();
    else if (['swap', '-W'].includes(command)) this.#swap(name, second, words);
    else if (['rename', '-E'].includes(command)) {
      if (isInUse(name) || this.#isMember(name) || this.#sets.has(second)) words.refuse('cannot rename');
      this.#sets.set(second, set);
      this.#sets.delete(name);
    } else words.refuse('unknown ipset command');
  }

  #add(set: IpSet, rest: readonly string[], mayExist: boolean, words: Words): void {
    const text = rest[1] ?? '';
    if (set.type === 'list:set' && !this.#sets.has(text)) words.refuse('no such member set');
    for (const [key, parts] of readElement(set, text)) {
      if (set.entries.has(key) && !mayExist) words.refuse('already added');
      set.entries.set(key, { parts, isNomatch: rest.includes('nomatch') });
    }
  }

  #remove(set: IpSet, text: string, mayExist: boolean, words: Words): void {
    for (const [key] of readElement(set, text)) {
      if (!set.entries.delete(key) && !mayExist) words.refuse('not in the set');
    }
  }

  #swap(left: string, right: string, words: Words): void {
    const [first, second] = [this.#sets.get(left), this.#sets.get(right)];
    if (first === undefined || second === undefined) words.refuse('no such set');
    if (first.type !== second.type || first.family !== second.family) words.refuse('sets of different types');
    this.#sets.set(left, second);
    this.#sets.set(right, first);
  }

  #isMember(name: string): boolean {
    return [...this.#sets.values()].some((set) => set.type === 'list:set' && set.entries.has(name));
  }
}

const knownDimensions = ['ip', 'net', 'port', 'mac', 'set'];

function createSet(type: string, options: readonly string[]): IpSet {
  const dimensions = (type.split(':')[1] ?? '').split(',');
  if (dimensions.some((dimension) => !knownDimensions.includes(dimension))) throw new Error(`unknown set type ${type}`);
  const refused = options.find((option) => ['netmask', 'markmask', 'bitmask'].includes(option));
  if (refused !== undefined) throw new Error(`unknown set option ${refused}`);
  const hasFamily = dimensions.some((dimension) => dimension === 'ip' || dimension === 'net');
  const family = options[options.indexOf('family') + 1] === 'inet6' ? 6 : 4;
  return { type, dimensions, family: hasFamily ? family : undefined, entries: new Map() };
}

/** The entries one `add` makes: a range of ports makes one for each, as the kernel does. */
function readElement(set: IpSet, text: string): [string, Part[]][] {
  if (set.type === 'list:set') return [[text, []]];
  const texts = text.split(',');
  if (texts.length !== set.dimensions.length) throw new Error(`${text} does not fit a ${set.type}`);
  const parts = texts.map((part, i) => readPart(set, set.dimensions[i] ?? '', part));
  const at = set.dimensions.indexOf('port');
  const ports = parts[at];
  if (ports === undefined) return [[partsKey(parts), parts]];
  return Array.from({ length: Number(ports.high - ports.low) + 1 }, (_, i) => {
    const value = ports.low + BigInt(i);
    const one = parts.with(at, { ...ports, low: value, high: value });
    return [partsKey(one), one];
  });
}

function partsKey(parts: readonly Part[]): string {
  return parts.map(({ low, high, protocol }) => `${protocol ?? ''}:${low}-${high}`).join(',');
}

function readPart(set: IpSet, dimension: string, text: string): Part {
  if (dimension === 'port') return readPort(set, text);
  if (dimension === 'mac') return single(BigInt(`0x${text.replaceAll(':', '')}`));
  const [first = '', last] = text.split('-');
  const cidr = parseCidr(first);
  const end = last === undefined ? undefined : parseAddress(last);
  if (cidr === undefined || (last !== undefined && end === undefined)) throw new Error(`${text} is not an address`);
  if (cidr.family !== set.family) throw new Error(`${text} is not of the set's family`);
  if (dimension === 'net' && cidr.prefixLength === 0) throw new Error(`${set.type} refuses ${text}`);
  const size = 1n << BigInt(addressBits(cidr.family) - cidr.prefixLength);
  const high = end?.value ?? cidr.value + size - 1n;
  return { low: cidr.value, high, prefixLength: cidr.prefixLength };
}

const protocolNumbers: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  gre: 47,
  esp: 50,
  icmpv6: 58,
  'ipv6-icmp': 58,
  ospf: 89,
  sctp: 132,
  udplite: 136,
};

/** `80`, `80-90`, and in hash types `tcp:80`, `icmp:8/0`, `icmp:echo-request`, `gre:0`; without a protocol TCP is meant. */
function readPort(set: IpSet, text: string): Part {
  const [head = '', tail] = text.split(':');
  const protocol = tail === undefined ? 6 : (protocolNumbers[head] ?? Number(head));
  const range = portBounds(protocol, tail ?? head);
  if (range === undefined || !Number.isInteger(protocol)) throw new Error(`${text} is no port`);
  const bounds = { low: BigInt(range[0]), high: BigInt(range[1]) };
  return set.type === 'bitmap:port' ? bounds : { ...bounds, protocol };
}

function portBounds(protocol: number, text: string): readonly [number, number] | undefined {
  const named = icmpElementNames[protocol]?.[text] ?? /^(\d+)\/(\d+)$/.exec(text)?.slice(1).map(Number);
  const message = named === undefined ? undefined : (named[0] ?? 0) * 256 + (named[1] ?? 0);
  const [, first = message, last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  if (first === undefined || last === undefined) return undefined;
  const [low, high] = [Number(first), Number(last)];
  return low <= high && high <= 65_535 ? [low, high] : undefined;
}

/** What a set looks for in a packet; undefined when the packet has no such thing. */
function packetKey(set: IpSet, dimension: string, direction: string, traveller: Traveller): Part | undefined {
  const isSource = direction === 'src';
  const { packet } = traveller;
  if (dimension === 'mac') return single(BigInt(`0x${(isSource ? packet.srcMac : packet.dstMac).replaceAll(':', '')}`));
  if (dimension !== 'port') return single(parseAddress(isSource ? packet.src : packet.dst)?.value ?? 0n);
  const protocol = protocolOf(packet);
  if (packet.protocol === 'tcp' || packet.protocol === 'udp') {
    return { ...single(BigInt((isSource ? packet.srcPort : packet.dstPort) ?? 0)), protocol };
  }
  if (set.type === 'bitmap:port') return undefined;
  if (packet.protocol !== 'icmp') return { ...single(0n), protocol };
  return { ...single(BigInt(traveller.icmpType * 256 + traveller.icmpCode)), protocol };
}

function isInPart(part: Part, key: Part | undefined): boolean {
  if (key === undefined || key.low < part.low || key.low > part.high) return false;
  return part.protocol === undefined || part.protocol === key.protocol;
}

function mostSpecific(hits: readonly Entry[]): Entry {
  const prefixes = ({ parts }: Entry) => parts.reduce((sum, part) => sum + (part.prefixLength ?? 0), 0);
  return hits.reduce((best, hit) => (prefixes(hit) > prefixes(best) ? hit : best));
}

function single(value: bigint): Part {
  return { low: value, high: value };
}
