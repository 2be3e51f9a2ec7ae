import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HostState } from '@portcullis/compile';
import { createLab, type Lab, Prober } from '@portcullis/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRoot } from './fixtures/kernel-lab.js';
import { backends } from './kernel/kernel-tools.js';
import { StateFile } from './state-file/state-file.js';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const group = 'projects/p/securityGroups/g';
const state: HostState = {
  nics: new Map([
    [
      'projects/p/nics/n',
      {
        id: 'projects/p/nics/n',
        interfaceName: 'vnic1.0',
        routingDomain: 'default',
        mac: '02:00:00:00:00:01',
        addresses: ['10.0.0.1'],
        antiSpoofing: true,
        guarded: true,
        groups: [group],
        egressOpen: false,
        dhcpServers: [],
      },
    ],
  ]),
  groups: new Map([
    [
      group,
      {
        id: group,
        rules: [
          {
            id: `${group}/rules/r`,
            direction: 'ingress',
            active: true,
            protocol: 'tcp',
            ports: { start: 22, end: 22 },
            cidr: '10.0.0.0/24',
          },
        ],
      },
    ],
  ]),
  memberSets: new Map(),
  addressGroups: new Map(),
};

describe.skipIf(!isRoot).each(backends)('a host with iptables-%s that boots while nobody answers', (backend) => {
  let lab: Lab;
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'portcullis-boot-'));
    const vm = (id: string, host: string, n: number) => ({
      ...{ id, host, network: 'net', interfaceName: `vnic${n}.0` },
      ...{ mac: `02:00:00:00:00:0${n}`, addresses: [`10.0.0.${n}/24`] },
    });
    const networks = [{ id: 'net', cidrs: ['10.0.0.0/24'] }];
    lab = await createLab({ hosts: ['h1'], networks, vms: [vm('guarded', 'h1', 1), vm('peer', 'underlay', 2)] });
  });
  afterEach(async () => {
    await lab?.destroy();
    await rm(folder, { recursive: true, force: true });
  });

  const boot = async () => {
    const args = ['--host', 'hosts/h1', '--backend', backend, '--state-dir', folder, '--boot'];
    const node = ['--conditions', 'portcullis-source', '--import', 'tsx', main, ...args];
    return lab.exec(lab.hostNamespace('h1'), process.execPath, node);
  };

  it('judges the first packet of a NIC whose bridge and interface come after the rules', async () => {
    const stateFile = new StateFile({
      folder,
      host: 'hosts/h1',
      onWriteError: (error) => expect(error).toBeUndefined(),
    });
    await stateFile.load();
    stateFile.save({
      desired: { generation: { policy: 1, inventory: 1 }, state, unreadable: new Map() },
      before: [state],
    });
    await stateFile.close();
    const ip = async (...args: string[]) => {
      const { code, stderr } = await lab.exec(lab.hostNamespace('h1'), 'ip', args);
      if (code !== 0) throw new Error(stderr);
    };
    await lab.unplug('guarded');
    await ip('link', 'del', 'br0');

    expect(await boot()).toMatchObject({ code: 0, stderr: expect.stringContaining('is in force') });

    await ip('link', 'add', 'br0', 'type', 'bridge', 'forward_delay', '0', 'mcast_snooping', '0');
    await ip('link', 'set', 'br0', 'up');
    await ip('link', 'set', 'up0', 'master', 'br0', 'up');
    await lab.plug('guarded');
    const prober = new Prober(lab);
    try {
      const probe = (dstPort: number, expected: 'delivered' | 'dropped') => ({
        ...{ from: 'peer', to: 'guarded', expected },
        packet: { family: 4, protocol: 'tcp', dstPort } as const,
      });
      const results = await prober.probe([probe(23, 'dropped'), probe(22, 'delivered'), probe(24, 'dropped')]);
      expect(results.map(({ fate }) => fate)).toEqual(['dropped', 'delivered', 'dropped']);
    } finally {
      prober.close();
    }
  });

  it('ends well where nothing has ever been known', async () => {
    expect(await boot()).toMatchObject({ code: 0, stderr: expect.stringContaining('no state is known yet') });
  });
});
