import { enforceV1 } from '@portcullis/api';
import type { Cloud } from '@portcullis/compile';
import { SimulatedFirewall } from '@portcullis/testing';
import { Bench } from '../../services/enforcer/src/fixtures/run-enforcer.js';
import { isAllowed, passes } from './judges.js';
import { KernelJudge } from './kernel-judge.js';
import { applyChange, type Change, firstCloud, randomChanges } from './random-change.js';
import { randomness } from './randomness.js';
import { type Flow, stateOf } from './worlds.js';

const events = [
  ...Array<'change'>(8).fill('change'),
  'changes at once',
  'restart',
  'death between two steps',
  'another dispatcher',
  'broken stream',
  'line refused once',
  'chain flushed',
  'set flushed',
] as const;

const patienceMs = 20_000;

/**
 * An enforcer through a random history. Before each step that it takes and after each event, every flow is judged by the reference
 * and by the simulator, which reads the kernel as it is.
 *
 * Owns: the enforcer, its kernel and dispatcher; which states may be in force.
 */
export class JudgedHistory {
  /** What was wrong, each with the event in which it was. */
  readonly wrong: string[] = [];
  judgedCount = 0;
  readonly #bench = new Bench();
  readonly #flows: readonly Flow[];
  readonly #random: () => number;
  readonly #changes: Iterator<Change>;
  readonly #seed: number;
  /** From the last one that was acknowledged to the last one that was said. */
  #states: { readonly revision: number; readonly cloud: Cloud }[] = [];
  #isDamaged = false;
  #drifts = 0;
  #acknowledged = 0;
  #event = 'start';
  #stepsLeft = Number.POSITIVE_INFINITY;

  constructor(seed: number, flows: readonly Flow[], eventCount: number) {
    this.#seed = seed;
    this.#flows = flows;
    this.#random = randomness(seed);
    this.#changes = randomChanges(3 * eventCount + 1, seed).values();
    const { kernel, dispatcher } = this.#bench;
    kernel.beforeStep = () => this.#beforeStep();
    dispatcher.onReport = ({ reports }) => {
      for (const { outcome, cause, generation } of reports) {
        if (cause === enforceV1.Cause.DRIFT) this.#drifts += 1;
        if (outcome === enforceV1.Outcome.APPLIED) this.#acknowledged = Number(generation?.policyRevision);
      }
    };
  }

  async run(eventCount: number): Promise<void> {
    try {
      await this.#start();
      this.#say(firstCloud(this.#seed));
      await this.#settle();
      for (let i = 0; i < eventCount; i += 1) {
        const event = events[Math.floor(this.#random() * events.length)] ?? 'change';
        this.#event = `event ${i}, ${event}`;
        await this.#make(event);
        await this.#settle();
      }
    } finally {
      await this.#bench.remove();
    }
  }

  async #make(event: (typeof events)[number]): Promise<void> {
    const { kernel, dispatcher } = this.#bench;
    switch (event) {
      case 'change':
        return this.#change();
      case 'changes at once':
        this.#change();
        this.#change();
        return this.#change();
      case 'restart':
        await this.#bench.stop();
        if (this.#random() < 0.5) this.#change();
        return this.#start();
      case 'death between two steps':
        this.#stepsLeft = Math.floor(this.#random() * 3);
        this.#change();
        await this.#until(() => kernel.failure !== undefined || this.#isAcknowledged());
        await this.#bench.stop();
        this.#stepsLeft = Number.POSITIVE_INFINITY;
        kernel.failure = undefined;
        if (this.#random() < 0.5) this.#change();
        return this.#start();
      case 'another dispatcher':
        dispatcher.restart();
        return this.#change();
      case 'broken stream': {
        const { length } = dispatcher.cursors;
        dispatcher.breaksOff = true;
        this.#change();
        await this.#until(() => dispatcher.cursors.length > length + 1);
        dispatcher.breaksOff = false;
        return;
      }
      case 'line refused once': {
        let left = 1 + Math.floor(this.#random() * 10);
        kernel.refuse = () => {
          left -= 1;
          return left === 0 ? 'told to' : undefined;
        };
        return this.#change();
      }
      case 'chain flushed':
        return this.#damage(() => {
          const chains = [...(kernel.tables[this.#random() < 0.5 ? 4 : 6].filter?.values() ?? [])];
          const rules = chains.filter((each) => each.length > 0)[Math.floor(this.#random() * chains.length)];
          rules?.splice(0);
          return rules !== undefined;
        });
      case 'set flushed':
        return this.#damage(() => {
          const rules = [...kernel.own().rules.values()].flat();
          const named = [...kernel.sets].filter(([name]) => rules.some((rule) => rule.includes(`${name} `)));
          const full = named.find(([, { members }]) => members.size > 0);
          full?.[1].members.clear();
          return full !== undefined;
        });
    }
  }

  async #damage(make: () => boolean): Promise<void> {
    const drifts = this.#drifts;
    this.#isDamaged = make();
    if (!this.#isDamaged) return;
    this.#bench.kernel.tellOfChange(undefined);
    await this.#until(() => this.#drifts > drifts);
    this.#isDamaged = false;
  }

  async #start(): Promise<void> {
    this.#acknowledged = 0;
    await this.#bench.start({ startPatienceMs: patienceMs, driftIntervalMs: 1000 });
  }

  #change(): void {
    const last = this.#states.at(-1)?.cloud;
    const { value } = this.#changes.next();
    if (last !== undefined && value !== undefined) this.#say(applyChange(last, value));
  }

  #say(cloud: Cloud): void {
    const { dispatcher } = this.#bench;
    // Noted first: from the moment it is said it may be in force.
    this.#states.push({ cloud, revision: (this.#states.at(-1)?.revision ?? 0) + 1 });
    dispatcher.say(stateOf(cloud));
  }

  /** Waits until what was said last is in force, then judges what it came to. */
  async #settle(): Promise<void> {
    await this.#until(() => this.#isAcknowledged());
    this.#bench.kernel.refuse = () => undefined;
    this.#states = this.#states.slice(-1);
    this.#judge();
  }

  #isAcknowledged(): boolean {
    return this.#acknowledged === this.#states.at(-1)?.revision;
  }

  #beforeStep(): void {
    if (this.#states.length > 0 && !this.#isDamaged) this.#judge();
    if (this.#stepsLeft === 0) this.#bench.kernel.failure = 'broken';
    this.#stepsLeft -= 1;
  }

  #judge(): void {
    const { kernel } = this.#bench;
    // Until the first state is there, nothing is in force.
    if (kernel.tables[6].filter?.has('PC-FORWARD') !== true) return;
    const firewall = new SimulatedFirewall(kernel.print());
    for (const flow of this.#flows) {
      const verdicts = new Set(this.#states.map(({ cloud }) => isAllowed(cloud, flow)));
      const { cloud } = this.#states[0] ?? {};
      if (verdicts.size !== 1 || cloud === undefined) continue;
      this.judgedCount += 1;
      if (!verdicts.has(passes(firewall, KernelJudge.fits(cloud), flow))) {
        this.wrong.push(`${this.#event}: ${JSON.stringify(flow.packet)}`);
      }
    }
  }

  async #until(condition: () => boolean): Promise<void> {
    const endsAt = performance.now() + patienceMs;
    while (!condition()) {
      if (performance.now() > endsAt) throw new Error(`seed ${this.#seed}, ${this.#event}: nothing more happens`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
