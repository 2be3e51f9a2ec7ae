import type { FloodRound } from '@portcullis/testing';
import type { Flow } from '../../conformance/worlds.js';
import type { DamageWindow } from './damage-window.js';
import type { Timeline } from './timeline.js';

/** What a lane carries: packets that are new each time, or packets of a connection. */
export type Traffic =
  | { readonly kind: 'new'; readonly name: string; readonly flow: Flow }
  | { readonly kind: 'established'; readonly name: string; readonly conversation: Conversation };

/** A connection that has to go on from one time to another, and then has to stop. */
export interface Conversation {
  readonly flow: Flow;
  establishedAt: number;
  deniedAt: number;
  /** The first state that denies it. While this one or a later one is in force, nothing comes through. */
  deniedIn: number;
  /** From then on nothing is said about it. */
  endedAt: number;
}

export interface WrongVerdict {
  readonly name: string;
  readonly kind: Traffic['kind'];
  readonly flow: Flow;
  readonly wasAllowed: boolean;
  readonly first: number;
  readonly last: number;
  readonly sentAt: number;
  readonly decidedAt: number;
}

export interface Counts {
  /** Judged, of new connections and of established ones. */
  fresh: number;
  established: number;
  /** Sent while states were in question that differ about it: right either way. */
  between: number;
  /** Missing, but perhaps lost by this machine. */
  lost: number;
}

/**
 * Holds what arrived against what the states say that may have been in force.
 *
 * Owns: what each lane carries, the counts, the wrong verdicts.
 */
export class Referee {
  readonly traffic = new Map<number, Traffic>();
  readonly wrong: WrongVerdict[] = [];
  readonly #timeline: Timeline;
  readonly #windows: DamageWindow[] = [];
  counts: Counts = { fresh: 0, established: 0, between: 0, lost: 0 };

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  excuse(window: DamageWindow): void {
    this.#windows.push(window);
  }

  judge(round: FloodRound): void {
    const { sentAt, decidedAt, lanes } = round;
    const states = this.#timeline.between(sentAt, decidedAt);
    for (const lane of lanes) {
      const traffic = this.traffic.get(lane);
      if (traffic === undefined) continue;
      const arrived = round.hasArrived(lane);
      const verdict = this.#verdict(traffic, round, states);
      if (verdict === undefined) {
        this.counts.between += 1;
        continue;
      }
      if (!arrived && verdict && round.isLossy) {
        this.counts.lost += 1;
        continue;
      }
      this.counts[traffic.kind === 'new' ? 'fresh' : 'established'] += 1;
      if (arrived !== verdict) this.#blame(traffic, { ...states, sentAt, decidedAt, wasAllowed: arrived });
    }
    this.#timeline.forgetBefore(states.first - 50);
  }

  #verdict(traffic: Traffic, { sentAt, decidedAt }: FloodRound, states: { first: number; last: number }) {
    if (traffic.kind === 'new') return this.#timeline.verdict(states, traffic.flow);
    const { establishedAt, deniedAt, deniedIn, endedAt } = traffic.conversation;
    if (sentAt > establishedAt && decidedAt < deniedAt) return true;
    return states.first >= deniedIn && decidedAt < endedAt ? false : undefined;
  }

  #blame(traffic: Traffic, verdict: Omit<WrongVerdict, 'name' | 'kind' | 'flow'>): void {
    const window = this.#windows.findLast((each) => each.concerns(verdict.sentAt, verdict.decidedAt));
    if (window !== undefined) {
      window.note(verdict.decidedAt);
      return;
    }
    const { name, kind } = traffic;
    const flow = traffic.kind === 'new' ? traffic.flow : traffic.conversation.flow;
    this.wrong.push({ name, kind, flow, ...verdict });
  }
}
