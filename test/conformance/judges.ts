import type { Cloud } from '@portcullis/compile';
import { judge } from '@portcullis/model';
import type { Step } from '@portcullis/plan';
import { SimulatedFirewall } from '@portcullis/testing';
import { type Flow, frameOf, portsAt, worldOf } from './worlds.js';

/** The reference and the simulator, asked about a flow on host `h1`. The third judge is the kernel: `kernel-judge.ts`. */

/** What a kernel begins with. */
const freshTables = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
`;

/** A simulated kernel that has been through some steps. */
export function simulatedHost(steps: readonly Step[] = []): SimulatedFirewall {
  const firewall = new SimulatedFirewall({ ipv4: freshTables, ipv6: freshTables });
  for (const step of steps) runSimulated(firewall, step);
  return firewall;
}

export function runSimulated(firewall: SimulatedFirewall, step: Step): void {
  // No packet of IP is judged there by what it says.
  if (step.kind === 'frames') return;
  if (step.kind === 'sets') firewall.restoreSets(`${step.lines.join('\n')}\n`);
  else firewall.restoreRules(step.family, step.text, { keepOthers: true });
}

/** What changes at once: a line for sets, or one table. */
export function smallest(steps: readonly Step[]): Step[] {
  return steps.flatMap((step): Step[] =>
    step.kind === 'sets'
      ? step.lines.map((line) => ({ ...step, lines: [line] }))
      : step.text.split(/(?<=COMMIT\n)/).map((text) => ({ ...step, text })),
  );
}

/** What the reference says: both ends that are on the host are judged. */
export function isAllowed(at: Cloud, flow: Flow): boolean {
  const isHere = (nic: Flow['from']) => nic !== undefined && at.bindings.has(`${nic.id}/bindings/hosts/h1`);
  const world = worldOf(at);
  const leaves = !isHere(flow.from) || judge(world, flow.from?.id ?? '', 'egress', flow.packet).allowed;
  return leaves && (!isHere(flow.to) || judge(world, flow.to?.id ?? '', 'ingress', flow.packet).allowed);
}

/** What the rendered text says. */
export function passes(firewall: SimulatedFirewall, at: Cloud, flow: Flow): boolean {
  const ports = portsAt(at, flow);
  return ports === undefined || firewall.judge(frameOf(flow), { ...ports, state: 'new' }).verdict === 'accept';
}
