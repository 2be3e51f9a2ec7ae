import { nothingApplied, planChange } from '@portcullis/plan';
import { FirewallRenderer } from '@portcullis/ruleset';
import { createLab, type Lab, Prober } from '@portcullis/testing';
import { renderFloor } from './floor.js';
import { renderNaive } from './naive.js';
import { closedPort, openPort, type Population, unsentPort } from './population.js';
import { Traffic } from './traffic.js';

export type Backend = 'nft' | 'legacy';
export type Rules = 'bare' | 'ours' | 'naive' | 'floor';

/** The source port of the one flow; see traffic.pl. */
const flowPort = 1024;

const openIngress = new RegExp(String.raw`^\[(\d+):\d+\] -A \S+ -s 198\.18\S+ .*--dport ${openPort} `, 'gm');
const openEgress = new RegExp(String.raw`^\[(\d+):\d+\] -A .*--dport ${openPort}:${closedPort} `, 'gm');

/**
 * One host in a lab of its own, with two VMs between which packets flow.
 *
 * Owns: the lab, the processes that make the packets. Invariants
 * W1 Whatever is measured has arrived: a packet that did not is an error.
 * W2 Where there are rules, they judge: the closed is closed, before anything is measured.
 */
export class Site {
  readonly rules: Rules;
  readonly backend: Backend;
  readonly #lab: Lab;
  readonly #population: Population;
  readonly #sender: Traffic;
  readonly #receiver: Traffic;
  #newFlowCount = 0;

  private constructor(of: { rules: Rules; backend: Backend; lab: Lab; population: Population }) {
    this.rules = of.rules;
    this.backend = of.backend;
    this.#lab = of.lab;
    this.#population = of.population;
    this.#sender = new Traffic(of.lab, 'sender');
    this.#receiver = new Traffic(of.lab, 'receiver');
  }

  static async open(rules: Rules, backend: Backend, population: Population): Promise<Site> {
    const { sender, receiver } = population.vms;
    const networks = [{ id: 'flat', cidrs: ['198.18.0.0/15', '2001:db8::/64'] }];
    const lab = await createLab({ hosts: ['h1'], networks, vms: [sender, receiver] });
    try {
      await load(lab, rules, backend, population);
      await judges(lab, rules, population);
      const site = new Site({ rules, backend, lab, population });
      await site.#prepare();
      return site;
    } catch (error) {
      await lab.destroy();
      throw error;
    }
  }

  /** Seconds for packets of one flow that both ends have spoken in. */
  async flow(count: number): Promise<number> {
    await this.#sender.tell('flow 1');
    await this.#receiver.tell(`answer ${addressOf(this.#population, 'sender')} ${flowPort}`);
    return this.#arriving(count, () => this.#sender.time(`flow ${count}`));
  }

  /** Seconds for as many packets, each the first of a flow. */
  async first(count: number): Promise<number> {
    await this.#run('conntrack', ['-F']);
    this.#newFlowCount += count;
    return this.#arriving(count, () => this.#sender.time(`first ${count}`));
  }

  /** Seconds for TCP connections that are made and reset one after the other. */
  connect(count: number): Promise<number> {
    this.#newFlowCount += count;
    return this.#sender.time(`connect ${addressOf(this.#population, 'receiver')} ${openPort} ${count}`);
  }

  /** Seconds for as many MiB in one TCP connection. */
  stream(count: number): Promise<number> {
    this.#newFlowCount += 1;
    return this.#sender.time(`stream ${addressOf(this.#population, 'receiver')} ${openPort} ${count}`);
  }

  /** Rules that the kernel holds, of both families. */
  async ruleCount(): Promise<number> {
    const ipv4 = await this.#run(`iptables-${this.backend}-save`);
    const ipv6 = await this.#run(`ip6tables-${this.backend}-save`);
    return [...`${ipv4}${ipv6}`.matchAll(/^-A /gm)].length;
  }

  /** Throws where the rules that open the port have not counted each new flow, at every end that is judged. */
  async checkCounters(): Promise<void> {
    if (this.rules === 'bare') return;
    const saved = await this.#run(`iptables-${this.backend}-save`, ['--counters']);
    const isSenderJudged = this.rules !== 'floor' && this.#population.state.nics.size > 1;
    const ends = isSenderJudged ? [openIngress, openEgress] : [openIngress];
    for (const rule of ends) {
      const counted = [...saved.matchAll(rule)].reduce((sum, [, packets]) => sum + Number(packets), 0);
      if (counted < this.#newFlowCount)
        throw new Error(`${this.rules} ${this.backend}: of ${this.#newFlowCount} new flows ${counted} were judged`);
    }
  }

  async close(): Promise<void> {
    this.#sender.close();
    this.#receiver.close();
    await this.#lab.destroy();
  }

  async #prepare(): Promise<void> {
    const { sender, receiver } = this.#population.vms;
    // The bridge knows where both are, whoever has been silent for long.
    for (const { mac, interfaceName } of [sender, receiver]) {
      await this.#run('bridge', ['fdb', 'replace', mac, 'dev', interfaceName, 'master', 'static']);
    }
    await this.#receiver.tell(`listen ${openPort}`);
    const [from, to] = [addressOf(this.#population, 'sender'), addressOf(this.#population, 'receiver')];
    await this.#sender.tell(`frames ${sender.mac} ${receiver.mac} ${from} ${to} ${openPort}`);
  }

  async #arriving(count: number, send: () => Promise<number>): Promise<number> {
    const before = await this.#received();
    const seconds = await send();
    const arrived = (await this.#received()) - before;
    if (arrived < count) throw new Error(`${this.rules} ${this.backend}: of ${count} packets ${arrived} arrived`);
    return seconds;
  }

  async #received(): Promise<number> {
    return Number(await this.#receiver.tell('received'));
  }

  #run(command: string, args: readonly string[] = []): Promise<string> {
    return run(this.#lab, command, args);
  }
}

async function run(lab: Lab, command: string, args: readonly string[] = [], input = ''): Promise<string> {
  const { code, stdout, stderr } = await lab.exec(lab.hostNamespace('h1'), command, args, { input });
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

async function load(lab: Lab, rules: Rules, backend: Backend, { state, vms }: Population): Promise<void> {
  if (rules === 'bare') {
    // A chain that no packet comes to; that it is there turns connection tracking on.
    await run(lab, 'iptables-nft', ['-N', 'TRACKED']);
    await run(lab, 'iptables-nft', ['-A', 'TRACKED', '-m', 'conntrack', '--ctstate', 'NEW']);
    return;
  }
  if (rules === 'floor') {
    const { packets, frames } = renderFloor(Object.values(vms), openPort);
    await run(lab, 'ebtables-nft-restore', ['--noflush'], frames);
    return void (await run(lab, `iptables-${backend}-restore`, ['--noflush'], packets));
  }
  const firewall = new FirewallRenderer().render(state);
  const { steps } = planChange(nothingApplied, firewall);
  for (const step of steps) {
    if (step.kind === 'sets') await run(lab, 'ipset', ['restore'], `${step.lines.join('\n')}\n`);
    else if (rules !== 'ours') continue;
    else if (step.kind === 'frames') await run(lab, 'ebtables-nft-restore', ['--noflush'], step.text);
    else {
      const program = `${step.family === 4 ? 'iptables' : 'ip6tables'}-${backend}-restore`;
      await run(lab, program, ['--noflush'], step.text);
    }
  }
  if (rules === 'naive') await run(lab, `iptables-${backend}-restore`, ['--noflush'], renderNaive(state, firewall[4]));
}

/** Throws where a packet fares otherwise than the rules say, at either end. */
async function judges(lab: Lab, rules: Rules, { state, vms }: Population): Promise<void> {
  const isSenderJudged = state.nics.size > 1;
  const probe = (what: string, dstPort: number, isOpen: boolean, src?: string) => {
    const packet = { family: 4, protocol: 'tcp', dstPort, ...(src === undefined ? {} : { src }) } as const;
    const expected = isOpen || rules === 'bare' ? ('delivered' as const) : ('dropped' as const);
    return { what, from: vms.sender.id, to: vms.receiver.id, packet, expected };
  };
  const probes = [
    probe('the open port', openPort, true),
    probe('a port that only the sender may use', closedPort, false),
    probe('a port that only the receiver takes', unsentPort, !isSenderJudged),
    probe('a forged address', openPort, !isSenderJudged, '198.18.255.1'),
  ];
  const prober = new Prober(lab);
  try {
    const results = await prober.probe(probes);
    results.forEach(({ fate }, i) => {
      const { what, expected } = probes[i] ?? {};
      if (fate !== expected) throw new Error(`${rules}: ${what} is ${fate}`);
    });
  } finally {
    prober.close();
  }
}

function addressOf({ vms }: Population, end: 'sender' | 'receiver'): string {
  return vms[end].addresses[0]?.split('/')[0] ?? '';
}
