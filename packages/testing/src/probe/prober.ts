/**
 * Sends real packets between the VMs of a lab and tells which arrive.
 *
 * A drop cannot be seen, only an arrival. So each sender follows its packets by a sentinel, a frame that is not IP and
 * that no iptables rule can touch; what has not come when the sentinel has, shortly afterwards, was dropped.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { buildFrame, macBytes, type Packet, type ParsedPacket, parseFrame } from '../frames.js';
import type { Lab } from '../lab/lab.js';
import { Agent } from './agent.js';

/** A packet of which everything but family and protocol may be left to the prober: a new flow between the two VMs. */
export type ProbePacket = Pick<Packet, 'family' | 'protocol'> & Partial<Packet>;

export interface Probe {
  readonly from: string;
  readonly to: string;
  readonly packet: ProbePacket;
  /** What the test expects: a missing packet that should come is waited for longer. */
  readonly expected?: Fate;
}

export type Fate = 'delivered' | 'dropped';

export interface ProbeResult {
  readonly probe: Probe;
  readonly packet: Packet;
  readonly fate: Fate;
  /** Whether the receiver's kernel answered, and the answer reached the sender: a reset, an echo, an unreachable. */
  readonly replied: boolean;
}

/** A frame as it goes over the cable. */
export interface FrameProbe {
  readonly from: string;
  readonly to: string;
  readonly frame: Buffer;
  readonly expected: Fate;
}

export interface ProberOptions {
  /** After the sentinel, for frames that another core still holds. Default: 5 ms. */
  readonly settleMs?: number;
  /** How long a packet that should arrive is waited for. Default: 500 ms. */
  readonly patienceMs?: number;
}

interface Flight {
  readonly probe: Probe;
  readonly packet: Packet;
  delivered: boolean;
  replied: boolean;
}

/** Below the kernel's queue of 1000 frames per core, with room for flooding. */
const roundSize = 64;
const sentinelType = 0x88b5;
const broadcast = 'ff:ff:ff:ff:ff:ff';

export class Prober {
  readonly #lab: Lab;
  readonly #settleMs: number;
  readonly #patienceMs: number;
  readonly #agents = new Map<string, Agent>();
  readonly #flights = new Map<number, Flight>();
  /** By their bytes: packets that have no room for the mark that tells them from all others. */
  readonly #bareFlights = new Map<string, readonly Flight[]>();
  readonly #arrivals = new Map<string, { readonly to: string; hasArrived: boolean }>();
  readonly #sentinels = new Set<string>();
  readonly #wakeUps = new Set<() => void>();
  #nextId = (process.pid & 0xfff) << 19;
  #nextSentinel = 0;
  #nextPort = 20_000;

  constructor(lab: Lab, options: ProberOptions = {}) {
    this.#lab = lab;
    this.#settleMs = options.settleMs ?? 5;
    this.#patienceMs = options.patienceMs ?? 500;
  }

  /** Probes in rounds; results in the order of the probes. A VM that is not plugged neither sends nor receives. */
  async probe(probes: readonly Probe[]): Promise<ProbeResult[]> {
    const vms = [...new Set(probes.flatMap(({ from, to }) => [from, to]))].filter((id) => this.#lab.isPlugged(id));
    await Promise.all(vms.map((id) => this.#agent(id)));
    await this.#barrier(this.#pairsAmong(vms));
    const flights = probes.map(
      (probe): Flight => ({
        probe,
        packet: this.#complete(probe),
        delivered: false,
        replied: false,
      }),
    );
    const honest = flights.filter((flight) => !this.#forgesMac(flight));
    for (let i = 0; i < honest.length; i += roundSize) await this.#round(honest.slice(i, i + roundSize));
    for (const flight of flights.filter((each) => this.#forgesMac(each))) {
      await this.#round([flight]);
      await this.#barrier(this.#pairsAmong(vms));
    }
    return flights.map(({ probe, packet, delivered, replied }) => {
      return { probe, packet, fate: delivered ? 'delivered' : 'dropped', replied };
    });
  }

  /**
   * Sends whole frames, each by itself, and tells which arrive. All VMs introduce themselves before each: where one has forged
   * a MAC, bridges have learned a wrong place.
   */
  async probeFrames(probes: readonly FrameProbe[]): Promise<Fate[]> {
    const fates: Fate[] = [];
    const vms = [...new Set(probes.flatMap(({ from, to }) => [from, to]))];
    for (const { from, to, frame, expected } of probes) {
      await this.#barrier(this.#pairsAmong(vms));
      const arrival = { to, hasArrived: false };
      this.#arrivals.set(frame.toString('hex'), arrival);
      await this.#agent(to);
      (await this.#agent(from)).send([frame]);
      await this.#barrier([[from, to]]);
      await delay(this.#settleMs);
      await this.#until(() => arrival.hasArrived || expected !== 'delivered', this.#patienceMs);
      this.#arrivals.clear();
      fates.push(arrival.hasArrived ? 'delivered' : 'dropped');
    }
    return fates;
  }

  /** One probe on its own. */
  async probeOne(probe: Probe): Promise<ProbeResult> {
    const [result] = await this.probe([probe]);
    if (result === undefined) throw new Error('unreachable');
    return result;
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.close();
    this.#agents.clear();
  }

  async #round(flights: readonly Flight[]): Promise<void> {
    const sent = flights.filter(({ probe }) => this.#lab.isPlugged(probe.from));
    for (const flight of sent) {
      const { packet } = flight;
      if (packet.discovery === undefined) this.#flights.set(packet.id ?? 0, flight);
      else {
        const frame = buildFrame(packet).toString('hex');
        this.#bareFlights.set(frame, [...(this.#bareFlights.get(frame) ?? []), flight]);
      }
    }
    for (const sender of new Set(sent.map(({ probe }) => probe.from))) {
      const own = sent.filter(({ probe }) => probe.from === sender);
      (await this.#agent(sender)).send(own.map(({ packet }) => buildFrame(packet)));
    }
    const pairs = sent.map(({ probe }) => [probe.from, probe.to] as const);
    await this.#barrier(pairs);
    await this.#barrier(pairs.map(([from, to]) => [to, from] as const));
    await delay(this.#settleMs);
    const missing = () => sent.some(({ probe, delivered }) => probe.expected === 'delivered' && !delivered);
    await this.#until(() => !missing(), this.#patienceMs);
    for (const { packet } of sent) this.#flights.delete(packet.id ?? 0);
    this.#bareFlights.clear();
  }

  /** Each first of a pair broadcasts a sentinel; returns when every second has it, or patience ends. */
  async #barrier(pairs: readonly (readonly [string, string])[]): Promise<void> {
    const joined = pairs.filter(([from, to]) => this.#areJoined(from, to));
    const awaited = new Set<string>();
    const tokens = new Map<string, number>();
    for (const [from, to] of joined) {
      const token = tokens.get(from) ?? this.#nextSentinel++;
      if (!tokens.has(from)) {
        tokens.set(from, token);
        (await this.#agent(from)).send([sentinelFrame(this.#lab.vm(from).mac, token)]);
      }
      awaited.add(`${to} ${token}`);
    }
    await this.#until(() => [...awaited].every((key) => this.#sentinels.has(key)), this.#patienceMs);
    this.#sentinels.clear();
  }

  async #agent(id: string): Promise<Agent> {
    const known = this.#agents.get(id);
    if (known !== undefined && !known.hasEnded) {
      await known.ready;
      return known;
    }
    const agent = new Agent(this.#lab, id);
    this.#agents.set(id, agent);
    agent.onFrame((frame) => this.#receive(id, frame));
    await agent.ready;
    return agent;
  }

  #receive(vm: string, frame: Buffer): void {
    const arrival = this.#arrivals.get(frame.toString('hex'));
    if (arrival?.to === vm) arrival.hasArrived = true;
    for (const flight of this.#bareFlights.get(frame.toString('hex')) ?? []) {
      if (flight.probe.to === vm) flight.delivered = true;
    }
    if (frame.readUInt16BE(12) === sentinelType) this.#sentinels.add(`${vm} ${frame.readUInt32BE(14)}`);
    else this.#record(vm, parseFrame(frame));
    for (const wakeUp of this.#wakeUps) wakeUp();
  }

  #record(vm: string, seen: ParsedPacket | undefined): void {
    if (seen === undefined) return;
    const flight = seen.id === undefined ? undefined : this.#flights.get(seen.id);
    if (flight !== undefined && vm === flight.probe.to && isSame(flight.packet, seen)) flight.delivered = true;
    const answered = flight ?? [...this.#flights.values()].find(({ packet }) => isTcpAnswer(packet, seen));
    if (answered?.probe.from === vm && isAnswer(answered.packet, seen)) answered.replied = true;
  }

  /** Waits for a condition that only an arriving frame can make true. */
  async #until(condition: () => boolean, limitMs: number): Promise<void> {
    const endsAt = performance.now() + limitMs;
    while (!condition() && performance.now() < endsAt) {
      await new Promise<void>((resolve) => {
        const wakeUp = () => {
          clearTimeout(timer);
          this.#wakeUps.delete(wakeUp);
          resolve();
        };
        const timer = setTimeout(wakeUp, endsAt - performance.now());
        this.#wakeUps.add(wakeUp);
      });
    }
  }

  #complete({ from, to, packet }: Probe): Packet {
    const sender = this.#lab.vm(from);
    const receiver = this.#lab.vm(to);
    this.#nextPort = this.#nextPort >= 60_000 ? 20_000 : this.#nextPort + 1;
    const addresses = {
      src: packet.src ?? addressOf(sender.addresses, packet.family),
      dst: packet.dst ?? addressOf(receiver.addresses, packet.family),
    };
    const macs = { srcMac: packet.srcMac ?? sender.mac, dstMac: packet.dstMac ?? receiver.mac };
    const ports = { srcPort: this.#nextPort, dstPort: 9 };
    return { ...ports, ...packet, ...addresses, ...macs, id: packet.id ?? ++this.#nextId >>> 0 };
  }

  /** A forged MAC teaches bridges a wrong port: such a probe travels alone, and all introduce themselves again. */
  #forgesMac({ probe, packet }: Flight): boolean {
    return packet.srcMac.toLowerCase() !== this.#lab.vm(probe.from).mac.toLowerCase();
  }

  #areJoined(left: string, right: string): boolean {
    const onOneNetwork = this.#lab.vm(left).network === this.#lab.vm(right).network;
    return left !== right && onOneNetwork && this.#lab.isPlugged(left) && this.#lab.isPlugged(right);
  }

  #pairsAmong(vms: readonly string[]): (readonly [string, string])[] {
    return vms.flatMap((from) => vms.filter((to) => to !== from).map((to) => [from, to] as const));
  }
}

function sentinelFrame(srcMac: string, token: number): Buffer {
  const frame = Buffer.alloc(60);
  Buffer.concat([macBytes(broadcast), macBytes(srcMac)]).copy(frame);
  frame.writeUInt16BE(sentinelType, 12);
  frame.writeUInt32BE(token, 14);
  return frame;
}

function addressOf(addresses: readonly string[], family: 4 | 6): string {
  const found = addresses.find((text) => text.includes(':') === (family === 6));
  if (found === undefined) throw new Error(`no IPv${family} address among ${addresses.join(', ')}`);
  return found.split('/')[0] ?? found;
}

function isSame(sent: Packet, seen: ParsedPacket): boolean {
  return seen.quoted === undefined && seen.src === sent.src && seen.dst === sent.dst && seen.protocol === sent.protocol;
}

function isAnswer(sent: Packet, seen: ParsedPacket): boolean {
  if (seen.quoted !== undefined) return seen.quoted.src === sent.src && seen.quoted.dst === sent.dst;
  return seen.src === sent.dst && seen.dst === sent.src && seen.protocol === sent.protocol;
}

function isTcpAnswer(sent: Packet, seen: ParsedPacket): boolean {
  const isTcp = sent.protocol === 'tcp' && seen.protocol === 'tcp';
  return isTcp && isAnswer(sent, seen) && seen.srcPort === sent.dstPort && seen.dstPort === sent.srcPort;
}
