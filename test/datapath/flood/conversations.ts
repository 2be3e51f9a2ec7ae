import type { Cloud } from '@portcullis/compile';
import { type Flood, type FloodRound, floodNow, type Lane } from '@portcullis/testing';
import { isAllowed } from '../../conformance/judges.js';
import { flowNamed, laneOf, type NamedFlow } from './lanes.js';
import type { Conversation, Referee } from './referee.js';

/** TCP: the numbers of RFC 9293 §3.4 after each side has sent the 18 bytes that each probe carries. */
const numbers = { client: 1000, server: 5000, step: 19, data: 18 };
const patienceMs = 3000;
/** How long both ends of a connection go on to speak although it is denied. */
const stubbornMs = 2000;

interface Talk {
  readonly conversation: Conversation;
  readonly name: string;
  readonly forth: Lane;
  readonly back: Lane;
  readonly startedAt: number;
  /** By lane: what to do when its packet has arrived for the first time. */
  readonly awaited: Map<number, () => void>;
  readonly lanes: Set<number>;
}

/**
 * Connections that speak both ways all the time, as long as every state allows them, and for some time after.
 *
 * Owns: which there are, and their lanes.
 * Invariants: 1. A connection need not come through any more before a state is said that denies it. 2. It is over, and not judged
 * any more, before a state is said that allows it again, or that moves one of its ends to another host: there its packets
 * are tracked anew.
 */
export class Conversations {
  readonly #flood: Flood;
  readonly #referee: Referee;
  readonly #talks = new Set<Talk>();
  /** Denied ones whose ends speak all the same. */
  readonly #denied = new Set<Talk>();
  readonly #candidates: readonly NamedFlow[];
  readonly #wanted: number;
  #nextPort = 1024;
  #nextCandidate = 0;
  #cloud: Cloud;

  constructor(flood: Flood, referee: Referee, { cloud, count }: { cloud: Cloud; count: number }) {
    this.#flood = flood;
    this.#referee = referee;
    this.#cloud = cloud;
    const ends = ['n0 > n1', 'n1 > n0', 'n2 > n3', 'n3 > n2', 'out > n2', 'n3 > out', 'n4 > n5', 'n5 > n4', 'out > n5'];
    this.#candidates = ends.flatMap((pair) =>
      ['tcp/80 v4', 'udp/53 v4', 'tcp/85 v6', 'udp/80 v6'].map((what) => flowNamed(`${pair} ${what}`)),
    );
    this.#wanted = count;
  }

  /** To be told before a state is said, with the number that it will have. */
  foresee(next: Cloud, index: number): void {
    for (const talk of [...this.#talks, ...this.#denied]) {
      const { flow, establishedAt } = talk.conversation;
      const isMoved = [flow.from, flow.to].some((nic) => {
        const key = `${nic?.id}/bindings/hosts/h1`;
        return this.#cloud.bindings.has(key) !== next.bindings.has(key);
      });
      const [wasDenied, isDenied] = [this.#denied.has(talk), !isAllowed(next, flow)];
      const isNewlyDenied = isDenied && !wasDenied;
      if (isMoved || (wasDenied && !isDenied) || (isNewlyDenied && establishedAt > floodNow())) this.#end(talk);
      else if (isNewlyDenied) this.#deny(talk, index);
    }
    this.#cloud = next;
  }

  /** Goes on where packets have arrived. */
  take({ lanes, hasArrived }: FloodRound): void {
    for (const talk of this.#talks) {
      for (const lane of lanes) {
        const next = talk.awaited.get(lane);
        if (next === undefined || !hasArrived(lane)) continue;
        talk.awaited.delete(lane);
        next();
      }
    }
  }

  /** Opens new ones in place of those that are over. */
  refill(): void {
    for (const talk of this.#talks) {
      const isStuck = talk.conversation.establishedAt === Number.POSITIVE_INFINITY;
      if (isStuck && floodNow() - talk.startedAt > patienceMs) this.#end(talk);
    }
    for (const talk of this.#denied) {
      if (floodNow() - talk.conversation.deniedAt > stubbornMs) this.#end(talk);
    }
    for (let tries = 0; tries < this.#candidates.length && this.#talks.size < this.#wanted; tries += 1) {
      const candidate = this.#candidates[this.#nextCandidate++ % this.#candidates.length];
      if (candidate !== undefined && isAllowed(this.#cloud, candidate.flow)) this.#open(candidate);
    }
  }

  #open({ name, flow }: NamedFlow): void {
    const conversation = {
      flow,
      establishedAt: Number.POSITIVE_INFINITY,
      deniedAt: Number.POSITIVE_INFINITY,
      deniedIn: Number.POSITIVE_INFINITY,
      endedAt: Number.POSITIVE_INFINITY,
    };
    const srcPort = this.#nextPort;
    this.#nextPort = srcPort === 19_999 ? 1024 : srcPort + 1;
    const lane = laneOf(flow);
    const { src, dst, srcMac, dstMac, dstPort = 0 } = lane.packet;
    const forth: Lane = { ...lane, packet: { ...lane.packet, srcPort } };
    const turned = { src: dst, dst: src, srcMac: dstMac, dstMac: srcMac, srcPort: dstPort, dstPort: srcPort };
    const back: Lane = { from: lane.to, to: lane.from, packet: { ...lane.packet, ...turned } };
    const [lanes, awaited] = [new Set<number>(), new Map<number, () => void>()];
    const talk = { conversation, name, forth, back, startedAt: floodNow(), awaited, lanes };
    this.#talks.add(talk);
    const establish = () => {
      conversation.establishedAt = floodNow();
    };
    if (forth.packet.protocol === 'udp') {
      this.#speak(talk, forth, () => void this.#speak(talk, back, establish));
      return;
    }
    const { client, server, step, data } = numbers;
    const say = (side: Lane, seq: number, ack: number, ...tcpFlags: ('syn' | 'ack')[]): Lane => {
      return { ...side, packet: { ...side.packet, tcpFlags, tcpSequence: seq, tcpAcknowledgement: ack } };
    };
    const syn = this.#speak(talk, say(forth, client, 0, 'syn'), () => {
      this.#hush(talk, syn);
      const answer = this.#speak(talk, say(back, server, client + step, 'syn', 'ack'), () => {
        this.#hush(talk, answer);
        this.#speak(talk, say(forth, client + step, server + step, 'ack'), () => {
          this.#speak(talk, say(back, server + step, client + step + data, 'ack'), establish);
        });
      });
    });
  }

  #speak(talk: Talk, what: Lane, whenArrived: () => void): number {
    const lane = this.#flood.add(what);
    const name = `${talk.name} ${what.from === talk.forth.from ? 'forth' : 'back'}`;
    this.#referee.traffic.set(lane, { kind: 'established', name, conversation: talk.conversation });
    talk.lanes.add(lane);
    talk.awaited.set(lane, whenArrived);
    return lane;
  }

  #hush(talk: Talk, lane: number): void {
    this.#flood.remove(lane);
    talk.lanes.delete(lane);
  }

  #deny(talk: Talk, index: number): void {
    talk.conversation.deniedAt = floodNow();
    talk.conversation.deniedIn = index;
    this.#talks.delete(talk);
    this.#denied.add(talk);
  }

  #end(talk: Talk): void {
    const now = floodNow();
    talk.conversation.deniedAt = Math.min(talk.conversation.deniedAt, now);
    talk.conversation.endedAt = now;
    for (const lane of talk.lanes) this.#flood.remove(lane);
    this.#talks.delete(talk);
    this.#denied.delete(talk);
  }
}
