import { type Match, type MatchContext, matchModules, plainMatches } from './matches.js';
import { protocolOf } from './situation.js';
import { type Effect, effectTargets, ownEffect } from './targets.js';
import { Words } from './tokens.js';

/** A rule, read. */
export interface Rule {
  /** As it stands in the text, from the first word after the chain. */
  readonly text: string;
  readonly matches: readonly Match[];
  readonly effects: readonly Effect[];
  /** Undefined when the rule only changes the packet, or only counts. */
  readonly outcome: Outcome | undefined;
  readonly setNames: readonly string[];
}

export type Outcome =
  | { readonly kind: 'accept' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'return' }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'goto'; readonly chain: string };

const longNames: Readonly<Record<string, string>> = {
  '--source': '-s',
  '--src': '-s',
  '--destination': '-d',
  '--dst': '-d',
  '--in-interface': '-i',
  '--out-interface': '-o',
  '--protocol': '-p',
  '--proto': '-p',
  '--jump': '-j',
  '--goto': '-g',
  '--match': '-m',
  '--destination-port': '--dport',
  '--source-port': '--sport',
};

const impliedProtocols: Readonly<Record<string, readonly number[]>> = {
  tcp: [6],
  udp: [17],
  icmp: [1],
  icmp6: [58],
  multiport: [6, 17],
};

/** Reads what follows `-A CHAIN`. Whatever it does not know for certain it refuses. */
export function parseRule(text: string, family: 4 | 6): Rule {
  const reader = new RuleReader(new Words(text), family);
  return { text, ...reader.read() };
}

class RuleReader {
  readonly #words: Words;
  readonly #family: 4 | 6;
  readonly #modules: Readonly<Record<string, (words: Words, context: MatchContext) => Match>>[] = [];
  readonly #matches: Match[] = [];
  readonly #effects: Effect[] = [];
  readonly #setNames: string[] = [];
  #isLimited = false;
  #target: string | undefined;
  #outcome: Outcome | undefined;

  constructor(words: Words, family: 4 | 6) {
    this.#words = words;
    this.#family = family;
  }

  read(): Omit<Rule, 'text'> {
    while (!this.#words.isEmpty) this.#readOption();
    const onlyLogs = this.#target === 'LOG' || this.#target === 'NFLOG';
    if (this.#isLimited && !onlyLogs) this.#words.refuse('a fate that depends on how many packets came');
    return { matches: this.#matches, effects: this.#effects, outcome: this.#outcome, setNames: this.#setNames };
  }

  #readOption(): void {
    const words = this.#words;
    const isInverted = words.nextIs('!');
    const word = words.next();
    const option = longNames[word] ?? word;
    if (option === '-p' && !isInverted) this.#readProtocol();
    const effect = this.#target === undefined ? undefined : effectTargets[this.#target]?.[option];
    const match = plainMatches[option] ?? this.#modules.map((module) => module[option]).findLast(Boolean);
    if (match !== undefined && effect === undefined) this.#addMatch(match, isInverted);
    else if (isInverted) words.refuse(`cannot invert ${option}`);
    else if (effect !== undefined) this.#effects.push(effect(words));
    else if (option === '-m') this.#loadModule(words.next());
    else if (option === '-j') this.#setTarget(words.next());
    else if (option === '-g') this.#outcome = { kind: 'goto', chain: words.next() };
    else if (option === '--reject-with' && this.#target === 'REJECT') words.next();
    else words.refuse(`unknown option ${option}`);
  }

  /** `-p tcp` alone lets `--dport` follow, as iptables does. */
  #readProtocol(): void {
    const name = this.#words.peek() ?? '';
    if (name === 'tcp' || name === '6') this.#loadModule('tcp');
    if (name === 'udp' || name === '17') this.#loadModule('udp');
    if (['icmp', '1'].includes(name)) this.#loadModule('icmp');
    if (['ipv6-icmp', 'icmpv6', '58'].includes(name)) this.#loadModule('icmp6');
  }

  #loadModule(name: string): void {
    const module = matchModules[name];
    if (module === undefined) this.#words.refuse(`unknown match ${name}`);
    this.#modules.push(module);
    this.#isLimited ||= name === 'limit';
    const protocols = impliedProtocols[name];
    if (protocols !== undefined) this.#matches.push(({ packet }) => protocols.includes(protocolOf(packet)));
  }

  #addMatch(reader: (words: Words, context: MatchContext) => Match, isInverted: boolean): void {
    const useSet = (name: string) => {
      this.#setNames.push(name);
    };
    const match = reader(this.#words, { family: this.#family, useSet });
    this.#matches.push(isInverted ? (traveller, sets) => !match(traveller, sets) : match);
  }

  #setTarget(name: string): void {
    this.#target = name;
    this.#effects.push(...ownEffect(name));
    if (effectTargets[name] !== undefined) return;
    if (name === 'ACCEPT') this.#outcome = { kind: 'accept' };
    else if (name === 'DROP' || name === 'REJECT') this.#outcome = { kind: 'drop' };
    else if (name === 'RETURN') this.#outcome = { kind: 'return' };
    else this.#outcome = { kind: 'jump', chain: name };
  }
}
