import { setTimeout as sleep } from 'node:timers/promises';
import { enforceV1 } from '@portcullis/api';
import type { Cloud } from '@portcullis/compile';
import { Flood, type FloodRound, floodNow } from '@portcullis/testing';
import { EnforcerProcess } from '../../../services/enforcer/src/fixtures/enforcer-process.js';
import { createKernelLab, type KernelLab } from '../../../services/enforcer/src/fixtures/kernel-lab.js';
import { judgedLab } from '../../conformance/kernel-judge.js';
import { stateOf } from '../../conformance/worlds.js';
import { Conversations } from './conversations.js';
import { laneOf, type NamedFlow } from './lanes.js';
import { Referee } from './referee.js';
import { Timeline } from './timeline.js';

export type Backend = 'nft' | 'legacy';

export interface FloodedHostOptions {
  readonly backend: Backend;
  readonly first: Cloud;
  readonly flows: readonly NamedFlow[];
  readonly conversationCount: number;
  readonly roundsPerSecond: number;
}

/** How often the enforcer looks for drift. */
export const driftIntervalMs = 300;
/** Much longer than any change takes on a busy machine. */
const patienceMs = 30_000;

/**
 * A host in a lab with a real enforcer, under a flood of packets that are judged.
 *
 * Owns: the lab, the enforcer's process, the flood, and who judges it.
 */
export class FloodedHost {
  readonly kernel: KernelLab;
  readonly enforcer: EnforcerProcess;
  readonly timeline = new Timeline();
  readonly referee = new Referee(this.timeline);
  readonly backend: Backend;
  driftReports = 0;
  /** What an enforcer says that it does not enforce: NICs that are closed, flows that are not stopped; each once. */
  readonly failures = new Set<string>();
  #conversations: Conversations | undefined;
  #flood: Flood | undefined;
  #wakeUp: () => void = () => undefined;
  #acknowledged = 0;

  private constructor(kernel: KernelLab, enforcer: EnforcerProcess, backend: Backend) {
    this.kernel = kernel;
    this.enforcer = enforcer;
    this.backend = backend;
    enforcer.logLevel = 'warn';
    enforcer.dispatcher.onReport = (request) => this.#hear(request);
  }

  /** Returns when the first state is in force and packets flow. */
  static async start(options: FloodedHostOptions): Promise<FloodedHost> {
    const lab = judgedLab();
    // Without addresses, so that no kernel answers.
    const kernel = await createKernelLab({ ...lab, vms: lab.vms.map((vm) => ({ ...vm, addresses: [] })) });
    try {
      const host = new FloodedHost(kernel, await EnforcerProcess.create(kernel, 'compiled'), options.backend);
      try {
        await host.#begin(options);
        return host;
      } catch (error) {
        await host.close();
        throw error;
      }
    } catch (error) {
      await kernel.lab.destroy();
      throw error;
    }
  }

  get cloud(): Cloud {
    return this.timeline.cloud(this.timeline.length - 1);
  }

  /** States what is to be enforced next. Returns its revision. */
  say(cloud: Cloud): number {
    this.#conversations?.foresee(cloud, this.timeline.length);
    this.timeline.say(cloud, floodNow());
    return this.enforcer.say(stateOf(cloud));
  }

  /** Returns when the enforcer has said that it enforces this, or what was said later. */
  async acknowledged(revision: number): Promise<void> {
    await this.#until(() => this.#acknowledged >= revision, `revision ${revision} was not acknowledged`);
    this.#conversations?.refill();
  }

  /** Returns when so many reports of drift have come in. */
  async driftReported(count: number): Promise<void> {
    await this.#until(() => this.driftReports >= count, 'no drift was reported');
  }

  async startEnforcer(): Promise<void> {
    await this.enforcer.start(this.backend, '--drift-interval-ms', `${driftIntervalMs}`, '--heartbeat-ms', '1000');
  }

  /** Returns when what was sent until now is judged. */
  async settle(): Promise<void> {
    await sleep(1000);
    this.#flood?.check();
  }

  async close(): Promise<void> {
    this.#flood?.close();
    await this.enforcer.remove();
    await this.kernel.lab.destroy();
  }

  async #begin({ first, flows, conversationCount, roundsPerSecond }: FloodedHostOptions): Promise<void> {
    // Unanswered packets are forgotten soon: each is a connection of its own.
    const timeouts = [
      'udp_timeout',
      'icmp_timeout',
      'icmpv6_timeout',
      'generic_timeout',
      'gre_timeout',
      'tcp_timeout_syn_sent',
    ];
    const files = timeouts.map((name) => `/proc/sys/net/netfilter/nf_conntrack_${name}`);
    await this.kernel.run('sh', '-c', `for f in ${files.join(' ')}; do [ ! -e $f ] || echo 2 >$f; done`);
    const flood = await Flood.start(this.kernel.lab, { roundsPerSecond, onRound: (round) => this.#take(round) });
    this.#flood = flood;
    await this.startEnforcer();
    await this.acknowledged(this.say(first));
    for (const { name, flow } of flows) {
      this.referee.traffic.set(flood.add(laneOf(flow)), { kind: 'new', name, flow });
    }
    this.#conversations = new Conversations(flood, this.referee, { cloud: first, count: conversationCount });
    flood.begin();
    this.#conversations.refill();
  }

  #take(round: FloodRound): void {
    this.#conversations?.take(round);
    this.referee.judge(round);
  }

  #hear({ reports, conditions }: enforceV1.ReportRequest): void {
    for (const { reason, message } of conditions) {
      // Damage that is done again and again is to be called that; where nobody does any, a report of drift is a problem.
      if (reason !== 'DRIFT_REPEATED') this.failures.add(`${reason} ${message}`);
    }
    for (const { cause, generation, outcome, failures } of reports) {
      if (cause === enforceV1.Cause.DRIFT) this.driftReports += 1;
      for (const { nic, reason, message } of failures) this.failures.add(`${nic} ${reason} ${message}`);
      if (outcome !== enforceV1.Outcome.APPLIED) continue;
      const revision = Number(generation?.policyRevision);
      // Revision 0 is what a dispatcher says before it is told anything.
      this.timeline.acknowledge(revision - 1, floodNow());
      this.#acknowledged = Math.max(this.#acknowledged, revision);
    }
    this.enforcer.dispatcher.reports.length = 0;
    this.enforcer.dispatcher.requests.length = 0;
    this.#wakeUp();
  }

  async #until(condition: () => boolean, otherwise: string): Promise<void> {
    const endsAt = performance.now() + patienceMs;
    while (!condition()) {
      this.#flood?.check();
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0) throw new Error(`${otherwise} within ${patienceMs} ms\n${this.enforcer.log.slice(-4000)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(leftMs, 500));
        this.#wakeUp = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
