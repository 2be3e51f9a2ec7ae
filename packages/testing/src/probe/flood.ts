/**
 * A continuous stream of probes between the VMs of a lab, each with the time when it was sent and whether it arrived.
 *
 * Owns: the processes in the VMs, the lanes, the rounds that are on their way.
 * Does not own: what should have arrived, which is the test's to know.
 *
 * Invariants
 * F1 A probe counts as dropped only when a frame that was sent after it, the same way and by the same core, has arrived.
 * F2 What this machine may have lost itself, for want of room in a queue, is told apart from what was dropped.
 */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { buildFrame, macBytes, type Packet } from '../frames.js';
import type { Lab } from '../lab/lab.js';
import { floodMarker, floodProgram } from './flood-program.js';
import { LossWatch } from './loss-watch.js';

/** One packet that is sent again in each round. `srcPort`, or the identifier of an ICMP echo, differs each time if it is left out. */
export interface Lane {
  readonly from: string;
  readonly to: string;
  readonly packet: Packet;
}

/** What became of the lanes from one VM to another in one round. Times are milliseconds of `floodNow`. */
export interface FloodRound {
  readonly from: string;
  readonly to: string;
  /** Nothing was sent earlier. */
  readonly sentAt: number;
  /** The fate of everything was decided by then. */
  readonly decidedAt: number;
  readonly lanes: readonly number[];
  readonly hasArrived: (lane: number) => boolean;
  /** Missing probes may have been lost by this machine rather than dropped. */
  readonly isLossy: boolean;
}

export interface FloodOptions {
  readonly roundsPerSecond: number;
  /** Called for each round some time after it, when nothing of it can come any more. */
  readonly onRound: (round: FloodRound) => void;
}

interface Sent {
  readonly sentAt: number;
  readonly lanes: ReadonlyMap<number, readonly number[]>;
  readonly expiresAt: number;
}

interface Arrival {
  decidedAt: number;
  readonly bits: Buffer;
  readonly late: Set<number>;
}

interface Sender {
  readonly id: string;
  readonly child: ChildProcess;
  /** Commands that the process has not said to have obeyed. */
  readonly unsure: (() => void)[];
  obeyed: number;
  /** By peer, as the process has them; replaced, never changed. */
  lanes: ReadonlyMap<number, readonly number[]>;
  readonly sent: Map<number, Sent>;
}

/** After its sentinel a round is kept so long, for frames that come late. */
const graceMs = 250;
/** Without its sentinel a round is given up after so long. */
const patienceMs = 5000;

/** Milliseconds of the clock that the probes are timed with: CLOCK_MONOTONIC. */
export function floodNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export class Flood {
  readonly #lab: Lab;
  readonly #options: FloodOptions;
  readonly #vms: readonly string[];
  readonly #senders: Sender[] = [];
  readonly #laneEnds: { readonly from: number; readonly to: number }[] = [];
  /** Numbers of lanes that are gone, oldest first. */
  readonly #free: { readonly lane: number; readonly from: number }[] = [];
  /** By sender, receiver and round. */
  readonly #arrivals = new Map<string, Arrival>();
  readonly #losses = new LossWatch(floodNow);
  #timer: NodeJS.Timeout | undefined;
  #error: Error | undefined;
  #isClosing = false;

  private constructor(lab: Lab, options: FloodOptions) {
    this.#lab = lab;
    this.#options = options;
    this.#vms = lab.options.vms.map(({ id }) => id);
  }

  /** One process in each VM, which sends nothing yet. */
  static async start(lab: Lab, options: FloodOptions): Promise<Flood> {
    const flood = new Flood(lab, options);
    await Promise.all(flood.#vms.map((id, index) => flood.#startSender(id, index)));
    flood.#timer = setInterval(() => flood.#sweep(), 50);
    return flood;
  }

  /** Adds a lane to the rounds to come. Returns its number. */
  add({ from, to, packet }: Lane): number {
    const isFree = (this.#free[0]?.from ?? Number.POSITIVE_INFINITY) < floodNow();
    const lane = (isFree ? this.#free.shift()?.lane : undefined) ?? this.#laneEnds.length;
    const [sender, peer] = [this.#vms.indexOf(from), this.#vms.indexOf(to)];
    this.#laneEnds[lane] = { from: sender, to: peer };
    const mac = macBytes(this.#lab.vm(to).mac).toString('hex');
    const { frame, variesAt } = frameOf(packet, sender, lane);
    this.#tell(sender, `lane ${peer} ${mac} ${lane} ${variesAt} ${frame.toString('hex')}`, (lanes) => {
      lanes.set(peer, [...(lanes.get(peer) ?? []), lane]);
    });
    return lane;
  }

  /** Takes a lane out of the rounds to come. */
  remove(lane: number): void {
    const ends = this.#laneEnds[lane];
    if (ends === undefined) throw new RangeError(`no lane ${lane}`);
    this.#free.push({ lane, from: floodNow() + 2 * patienceMs });
    this.#tell(ends.from, `drop ${ends.to} ${lane}`, (lanes) => {
      const left = (lanes.get(ends.to) ?? []).filter((each) => each !== lane);
      if (left.length === 0) lanes.delete(ends.to);
      else lanes.set(ends.to, left);
    });
  }

  /** Begins the rounds. */
  begin(): void {
    for (const { child } of this.#senders) child.stdin?.write(`pace ${1 / this.#options.roundsPerSecond}\n`);
  }

  /** Throws what has gone wrong with the flood itself. */
  check(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  close(): void {
    this.#isClosing = true;
    clearInterval(this.#timer);
    for (const { child } of this.#senders) child.stdin?.end();
  }

  async #startSender(id: string, index: number): Promise<void> {
    const cores = allowedCores();
    const core = cores[index % cores.length] ?? 0;
    // One core for all that a VM sends: the queues on the way are per core, so nothing overtakes.
    const program = ['-c', `${core}`, 'nice', '-n', '-20', 'perl', '-e', floodProgram];
    const child = this.#lab.spawnInNamespace(this.#lab.vmNamespace(id), 'taskset', program);
    const sender: Sender = { id, child, unsure: [], obeyed: 0, lanes: new Map(), sent: new Map() };
    this.#senders[index] = sender;
    let errors = '';
    child.stdin?.on('error', () => undefined);
    child.stderr?.on('data', (text) => {
      errors += String(text);
    });
    const { stdout } = child;
    if (stdout === null) throw new Error('a process has no standard output');
    child.stdin?.write(`me ${index} ${macBytes(this.#lab.vm(id).mac).toString('hex')}\n`);
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => {
        const error = new Error(`the flood of ${id} ended: ${errors}`);
        if (!this.#isClosing) this.#error ??= error;
        reject(error);
      });
      createInterface({ input: stdout }).on('line', (line) => {
        if (line === 'ready') resolve();
        else this.#read(sender, index, line.split(' '));
      });
    });
  }

  #tell(index: number, command: string, change: (lanes: Map<number, readonly number[]>) => void): void {
    const sender = this.#senders[index];
    if (sender === undefined) throw new RangeError(`no VM ${index}`);
    sender.unsure.push(() => {
      const lanes = new Map(sender.lanes);
      change(lanes);
      sender.lanes = lanes;
    });
    sender.child.stdin?.write(`${command}\n`);
  }

  #read(sender: Sender, index: number, [kind, ...words]: readonly string[]): void {
    const [first = 0, second = 0, third = 0, fourth = 0] = words.map(Number);
    switch (kind) {
      case 'R': {
        for (; sender.obeyed < fourth; sender.obeyed += 1) sender.unsure.shift()?.();
        const sentAt = second * 1000;
        sender.sent.set(first, { sentAt, lanes: sender.lanes, expiresAt: sentAt + patienceMs });
        return;
      }
      case 'S':
        this.#arrivals.set(`${first} ${index} ${second}`, {
          decidedAt: third * 1000,
          bits: Buffer.from(words[3] ?? '', 'hex'),
          late: new Set(),
        });
        return;
      case 'L': {
        const arrival = this.#arrivals.get(`${first} ${index} ${third}`);
        if (arrival === undefined) return;
        arrival.late.add(second);
        arrival.decidedAt = fourth * 1000;
        return;
      }
      case 'D':
        this.#losses.note();
    }
  }

  /** Tells of all rounds whose time is over. */
  #sweep(): void {
    const now = floodNow();
    this.#losses.look();
    for (const [index, sender] of this.#senders.entries()) {
      for (const [number, sent] of sender.sent) {
        const keys = [...sent.lanes.keys()].map((peer) => ({ peer, key: `${index} ${peer} ${number}` }));
        const isOver = keys.every(({ key }) => (this.#arrivals.get(key)?.decidedAt ?? now) < now - graceMs);
        if (!isOver && now < sent.expiresAt) break;
        sender.sent.delete(number);
        for (const { peer, key } of keys) {
          const arrival = this.#arrivals.get(key);
          this.#arrivals.delete(key);
          this.#tellRound(sender.id, peer, sent, arrival);
        }
      }
    }
  }

  #tellRound(from: string, peer: number, { sentAt, lanes, expiresAt }: Sent, arrival: Arrival | undefined): void {
    const decidedAt = arrival?.decidedAt ?? expiresAt;
    this.#options.onRound({
      from,
      to: this.#vms[peer] ?? '',
      sentAt,
      decidedAt,
      lanes: lanes.get(peer) ?? [],
      hasArrived: (lane) =>
        arrival !== undefined && (((arrival.bits[lane >> 3] ?? 0) >> (lane & 7)) % 2 === 1 || arrival.late.has(lane)),
      isLossy: arrival === undefined || this.#losses.mayHaveLost(sentAt, decidedAt),
    });
  }
}

/** The frame of round 0, to which the program adds as much as it takes away elsewhere: its checksums stay right. */
function frameOf(packet: Packet, sender: number, lane: number): { frame: Buffer; variesAt: number } {
  const payload = Buffer.alloc(18);
  payload.write(floodMarker);
  payload.writeUInt16BE(sender, 4);
  payload.writeUInt16BE(lane, 6);
  payload.writeUInt32BE(0xffffffff, 12);
  payload.writeUInt16BE(0xffff, 16);
  const isEcho = packet.protocol === 'icmp' && packet.icmpBody === undefined;
  const varies =
    packet.protocol === 'icmp' ? isEcho : typeof packet.protocol === 'string' && packet.srcPort === undefined;
  const segmentAt = 14 + (packet.family === 4 ? 20 : 40);
  const variesAt = varies ? segmentAt + (isEcho ? 4 : 0) : 0;
  return { frame: buildFrame({ ...packet, payload }), variesAt };
}

function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
