import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openTransport } from '@portcullis/rpc';
import { createLogger } from '@portcullis/runtime';
import { openSuite, type Suite } from '@portcullis/suite';
import { createLab, type Lab, Prober } from '@portcullis/testing';
import { logTail, startEnforcer } from './enforcer-process.js';
import { Scheduler } from './scheduler.js';
import { hosts, labOptions, networks, vms } from './world.js';

export interface CloudOptions {
  /** Where people reach the services: `host:port`. */
  readonly listen: string;
  readonly backend: 'nft' | 'legacy';
  /** Called before each part that takes a while. */
  readonly onProgress: (message: string) => void;
}

/** A whole cloud on this machine: services, Redis, two hosts with their enforcers, ten VMs. */
export interface Cloud {
  readonly suite: Suite;
  readonly lab: Lab;
  readonly scheduler: Scheduler;
  readonly prober: Prober;
  /** Names of hosts whose enforcer has ended, with what it said last. */
  deadEnforcers(): string[];
  close(): Promise<void>;
}

/** Builds the cloud, or throws and leaves nothing. */
export async function openCloud({ listen, backend, onProgress }: CloudOptions): Promise<Cloud> {
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-demo-'));
  const ends: (() => Promise<void> | void)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    onProgress('starting policy, inventory, dispatcher and a private redis-server');
    const socket = `unix:${folder}/suite.sock`;
    const suite = await openSuite({
      listen: [listen, socket],
      policyStore: `sqlite:${folder}/policy.db`,
      inventoryStore: `sqlite:${folder}/inventory.db`,
      log: createLogger('suite', { level: 'warn' }),
    });
    ends.push(() => suite.close());

    onProgress(
      `building the lab: ${hosts.length} hosts, ${networks.length} networks, ${vms.length} VMs, as namespaces`,
    );
    const lab = await createLab(labOptions());
    ends.push(() => lab.destroy());

    onProgress(`starting an enforcer on each host (iptables-${backend})`);
    const enforcers = await Promise.all(
      hosts.map(async (host) => {
        const stateDir = path.join(folder, host);
        await mkdir(stateDir);
        const logFile = path.join(folder, `${host}.log`);
        const options = { host, dispatcher: socket, redisUrl: suite.redisUrl, backend, stateDir, logFile };
        return { host, logFile, child: startEnforcer(lab, options) };
      }),
    );
    const deadEnforcers = () =>
      enforcers
        .filter(({ child }) => child.exitCode !== null || child.signalCode !== null)
        .map(({ host, logFile }) => `the enforcer of ${host} has ended: ${logTail(logFile).join('\n')}`);

    onProgress('telling inventory what exists');
    const transport = openTransport(suite.addresses[0] ?? '');
    ends.push(() => transport.close());
    const scheduler = new Scheduler(transport);
    await populate(scheduler);
    const lagging = await scheduler.waitForEnforcement(20_000);
    if (lagging.length > 0) throw new Error(`the hosts do not enforce: ${[...lagging, ...deadEnforcers()].join('; ')}`);
    scheduler.takeCalls();

    const prober = new Prober(lab);
    ends.push(() => prober.close());
    return { suite, lab, scheduler, prober, deadEnforcers, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function populate(scheduler: Scheduler): Promise<void> {
  for (const {
    id,
    kind,
    prefixes: [four, six],
  } of networks) {
    await scheduler.createNetwork(id, kind, [`${four}.0/24`, `${six}::/64`]);
  }
  for (const host of hosts) await scheduler.createHost(host);
  for (const { id } of vms) {
    await scheduler.createVm(id);
    await scheduler.bind(id);
  }
}
