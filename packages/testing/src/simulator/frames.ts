import { cidrContains, parseAddress, parseCidr } from '@portcullis/model';
import { Words } from './tokens.js';

/** A frame that comes in by a bridge port. */
export interface SimulatedFrame {
  readonly port: string;
  readonly srcMac: string;
  /** Of a packet that is in no VLAN. */
  readonly family?: 4 | 6;
  /** Of ARP only. */
  readonly arp?: { readonly senderMac: string; readonly sender: string; readonly target: string };
}

interface FrameRule {
  readonly matches: readonly ((frame: SimulatedFrame) => boolean)[];
  readonly target: string;
}

/**
 * The table `nat` of ebtables: what becomes of a frame in PREROUTING. Reads what ebtables-save prints or ebtables-restore is
 * given; what it does not know for certain it refuses.
 */
export class SimulatedFrames {
  readonly #chains = new Map<string, FrameRule[]>([['PREROUTING', []]]);

  /** Chains the text declares are emptied, all others stay. */
  restore(text: string): void {
    const [head, ...lines] = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    if (head === undefined) return;
    if (head !== '*nat') throw new Error(`not simulated: ${head}`);
    if (lines.at(-1) === 'COMMIT') lines.pop();
    for (const line of lines) this.#applyLine(line);
  }

  passes(frame: SimulatedFrame): boolean {
    return this.#walk('PREROUTING', frame) !== 'DROP';
  }

  #applyLine(line: string): void {
    const declared = /^:(\S+) (ACCEPT|RETURN)$/.exec(line)?.[1];
    if (declared !== undefined) {
      this.#chains.set(declared, []);
      return;
    }
    const [, letter, name = '', rest = ''] = /^-([AIDX]) (\S+) ?(.*)$/.exec(line) ?? [];
    const chain = this.#chains.get(name);
    if (chain === undefined) throw new Error(`unknown chain: ${line}`);
    if (letter === 'A') chain.push(readRule(rest));
    else if (letter === 'I') chain.unshift(readRule(rest.replace(/^1 /, '')));
    else if (letter === 'X' && chain.length === 0) this.#chains.delete(name);
    else if (letter === 'D') chain.splice(chain.findIndex(({ target }) => rest === `-j ${target}`) >>> 0, 1);
    else throw new Error(`unknown line: ${line}`);
  }

  #walk(name: string, frame: SimulatedFrame): 'DROP' | 'ACCEPT' | undefined {
    const chain = this.#chains.get(name);
    if (chain === undefined) throw new Error(`no chain ${name}`);
    for (const { matches, target } of chain) {
      if (!matches.every((match) => match(frame))) continue;
      if (target === 'RETURN') return undefined;
      const verdict = target === 'DROP' || target === 'ACCEPT' ? target : this.#walk(target, frame);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }
}

const readers: Readonly<Record<string, (value: string) => (frame: SimulatedFrame) => boolean>> = {
  '-i':
    (value) =>
    ({ port }) =>
      value.endsWith('+') ? port.startsWith(value.slice(0, -1)) : port === value,
  '-s':
    (value) =>
    ({ srcMac }) =>
      srcMac === value,
  '-p': (value) => {
    if (value === 'ARP') return ({ arp }) => arp !== undefined;
    if (value !== 'IPv4' && value !== 'IPv6') throw new Error(`not simulated: -p ${value}`);
    return ({ family }) => family === (value === 'IPv4' ? 4 : 6);
  },
  '--arp-mac-src':
    (value) =>
    ({ arp }) =>
      arp?.senderMac === value,
  '--arp-ip-src': (value) => isIn(value, ({ arp }) => arp?.sender),
  '--arp-ip-dst': (value) => isIn(value, ({ arp }) => arp?.target),
};

function readRule(text: string): FrameRule {
  const words = new Words(text);
  const matches: ((frame: SimulatedFrame) => boolean)[] = [];
  for (;;) {
    const option = words.next();
    if (option === '-j') return { matches, target: words.next() };
    const isInverted = words.nextIs('!');
    const match = (readers[option] ?? words.refuse(`unknown option ${option}`))(words.next());
    matches.push(isInverted ? (frame) => !match(frame) : match);
  }
}

function isIn(text: string, of: (frame: SimulatedFrame) => string | undefined): (frame: SimulatedFrame) => boolean {
  const cidr = parseCidr(text);
  return (frame) => {
    const address = parseAddress(of(frame) ?? '');
    return cidr !== undefined && address !== undefined && cidrContains(cidr, address);
  };
}
