import { parseMasked } from './matches.js';
import type { Traveller } from './situation.js';
import type { Words } from './tokens.js';

/** What a target does to the packet before the walk goes on with the next rule. */
export type Effect = (traveller: Traveller) => void;

type EffectReader = (words: Words) => Effect;

const nothing: EffectReader = (words) => {
  words.next();
  return () => undefined;
};

/** Targets after which the next rule is asked, with their options; options change the packet in the order written. */
export const effectTargets: Readonly<Record<string, Readonly<Record<string, EffectReader>>>> = {
  MARK: {
    '--set-xmark': (words) => {
      const { value, mask } = parseMasked(words.next());
      return setMark((mark) => (mark & ~mask) ^ value);
    },
    '--set-mark': (words) => {
      const { value, mask } = parseMasked(words.next());
      return setMark((mark) => (mark & ~(mask | value)) ^ value);
    },
    '--and-mark': (words) => withBits(words, (mark, bits) => mark & bits),
    '--or-mark': (words) => withBits(words, (mark, bits) => mark | bits),
    '--xor-mark': (words) => withBits(words, (mark, bits) => mark ^ bits),
  },
  CONNMARK: {
    '--set-xmark': (words) => {
      const { value, mask } = parseMasked(words.next());
      return (traveller) => {
        traveller.connectionMark = ((traveller.connectionMark & ~mask) ^ value) >>> 0;
      };
    },
    '--save-mark': (words) => {
      const { nfmask, ctmask } = markMasks(words);
      return (traveller) => {
        traveller.connectionMark = ((traveller.connectionMark & ~ctmask) ^ (traveller.mark & nfmask)) >>> 0;
      };
    },
    '--restore-mark': (words) => {
      const { nfmask, ctmask } = markMasks(words);
      return setMark((mark, traveller) => (mark & ~nfmask) ^ (traveller.connectionMark & ctmask));
    },
  },
  CT: {
    '--notrack': () => untrack,
    '--zone': nothing,
    '--zone-orig': nothing,
    '--zone-reply': nothing,
  },
  NOTRACK: {},
  LOG: Object.fromEntries(['--log-prefix', '--log-level'].map((option) => [option, nothing])),
  NFLOG: Object.fromEntries(
    ['--nflog-prefix', '--nflog-group', '--nflog-size', '--nflog-threshold'].map((option) => [option, nothing]),
  ),
};

/** What a target does by its mere name. */
export function ownEffect(target: string): Effect[] {
  return target === 'NOTRACK' ? [untrack] : [];
}

function untrack(traveller: Traveller): void {
  traveller.state = 'untracked';
}

function setMark(change: (mark: number, traveller: Traveller) => number): Effect {
  return (traveller) => {
    traveller.mark = change(traveller.mark, traveller) >>> 0;
  };
}

function withBits(words: Words, change: (mark: number, bits: number) => number): Effect {
  const { value } = parseMasked(words.next());
  return setMark((mark) => change(mark, value));
}

function markMasks(words: Words): { nfmask: number; ctmask: number } {
  let [nfmask, ctmask] = [0xffffffff, 0xffffffff];
  while (['--mask', '--nfmask', '--ctmask'].includes(words.peek() ?? '')) {
    const option = words.next();
    const value = parseMasked(words.next()).value;
    if (option !== '--ctmask') nfmask = value;
    if (option !== '--nfmask') ctmask = value;
  }
  return { nfmask, ctmask };
}
