import type { Cloud } from '@portcullis/compile';
import { type Applied, nothingApplied, planChange, readApplied } from '@portcullis/plan';
import { FirewallRenderer } from '@portcullis/ruleset';
import {
  createLab,
  type FrameProbe,
  kernelState,
  type Lab,
  type LabOptions,
  type LabVm,
  Prober,
} from '@portcullis/testing';
import { type Flow, frameOf, labBindings, networks, nicsOf, stateOf } from './worlds.js';

/**
 * The third judge: a real kernel with real packets. Host `h1` holds all NICs but n1, which is outside, as is one more VM
 * per network that stands for whatever has no NIC.
 */
export class KernelJudge {
  readonly lab: Lab;
  readonly #prober: Prober;
  readonly #backend: 'nft' | 'legacy';
  readonly #renderer = new FirewallRenderer();
  #applied: Applied = nothingApplied;

  private constructor(lab: Lab, backend: 'nft' | 'legacy') {
    this.lab = lab;
    this.#backend = backend;
    this.#prober = new Prober(lab);
  }

  static async start(backend: 'nft' | 'legacy'): Promise<KernelJudge> {
    return new KernelJudge(await createLab(judgedLab()), backend);
  }

  /** The same cloud with the bindings of the lab: all NICs on `h1`, but n1. */
  static fits(at: Cloud): Cloud {
    return { ...at, bindings: labBindings() };
  }

  /** Whether a flow exists in the lab: both ends on one network, and `h1` between or at them. */
  static isPossible({ from, to }: Flow): boolean {
    const network = from?.network ?? to?.network;
    const ends = [from, to].filter((nic) => nic !== undefined);
    return (
      ends.length > 0 && ends.every((nic) => nic.network === network) && ends.some(({ id }) => id !== nicsOf[1]?.id)
    );
  }

  /** Brings the kernel from what it holds to a state, then reads it back: what it holds must be what was meant. */
  async apply(at: Cloud): Promise<void> {
    const desired = this.#renderer.render(stateOf(at));
    const plan = planChange(this.#applied, desired);
    for (const step of plan.steps) {
      if (step.kind === 'sets') await this.#run('ipset', ['restore'], `${step.lines.join('\n')}\n`);
      else if (step.kind === 'frames') await this.#run('ebtables-nft-restore', ['--noflush'], step.text);
      else
        await this.#run(
          `${step.family === 4 ? 'iptables' : 'ip6tables'}-${this.#backend}-restore`,
          ['--noflush'],
          step.text,
        );
    }
    this.#applied = readApplied({
      ipv4: await this.#run(`iptables-${this.#backend}-save`),
      ipv6: await this.#run(`ip6tables-${this.#backend}-save`),
      sets: await this.#run('ipset', ['save']),
      frames: await this.#run('ebtables-nft-save'),
    });
    const left = planChange(this.#applied, desired).steps;
    if (left.length > 0) throw new Error(`the kernel holds something else: ${JSON.stringify(left)}`);
    await this.#run('conntrack', ['-F']);
  }

  /** For each flow whether its packet arrives. Each is new: nothing is remembered between two calls of `apply`. */
  async deliver(flows: readonly Flow[], expected: readonly boolean[]): Promise<boolean[]> {
    const probes = flows.map((flow, i) => {
      const { from, to } = endsOf(flow);
      const packet = { ...frameOf(flow), dstMac: this.lab.vm(to).mac };
      const fate = expected[i] === true ? ('delivered' as const) : ('dropped' as const);
      return { from, to, packet, expected: fate };
    });
    const results = await this.#prober.probe(probes);
    return results.map(({ fate }) => fate === 'delivered');
  }

  /** For each frame, from one NIC to another, whether it arrives. */
  async deliverFrames(probes: readonly FrameProbe[]): Promise<boolean[]> {
    const fates = await this.#prober.probeFrames(probes);
    return fates.map((fate) => fate === 'delivered');
  }

  state(): Promise<string> {
    return kernelState(this.lab);
  }

  async close(): Promise<void> {
    this.#prober.close();
    await this.lab.destroy();
  }

  async #run(command: string, args: readonly string[] = [], input = ''): Promise<string> {
    const { code, stdout, stderr } = await this.lab.exec(this.lab.hostNamespace('h1'), command, args, { input });
    if (code !== 0) throw new Error(`${command}: ${stderr}\n${input}`);
    return stdout;
  }
}

/** What the lab of the kernel consists of. */
export function judgedLab(): LabOptions {
  return {
    hosts: ['h1'],
    networks: networks.map(({ id }) => ({ id, cidrs: ['10.0.0.0/24', '2001:db8::/64'] })),
    vms: [...nicsOf.map(nicVm), ...networks.map(({ id }, n) => outsiderVm(id, n))],
  };
}

/** The VMs of that lab at the two ends of a flow. */
export function endsOf({ from, to }: Flow): { from: string; to: string } {
  const outsider = `out${networks.findIndex(({ id }) => id === (from ?? to)?.network)}`;
  return { from: from ? nicId(from.id) : outsider, to: to ? nicId(to.id) : outsider };
}

function nicId(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

function nicVm(nic: (typeof nicsOf)[number], i: number): LabVm {
  return {
    id: nicId(nic.id),
    host: i === 1 ? 'underlay' : 'h1',
    network: nic.network,
    interfaceName: `vnic${i}.0`,
    mac: nic.mac,
    addresses: nic.addresses.map((address) => `${address}/${address.includes(':') ? 64 : 24}`),
  };
}

function outsiderVm(network: string, n: number): LabVm {
  const addresses = ['10.0.0.99/24', '2001:db8::99/64'];
  return { id: `out${n}`, host: 'underlay', network, interfaceName: `out${n}`, mac: '02:00:00:00:0e:0e', addresses };
}
