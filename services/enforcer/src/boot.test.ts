import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import type { HostState } from '@portcullis/compile';
import { nothingApplied, planChange, readApplied } from '@portcullis/plan';
import { FirewallRenderer, flowElements } from '@portcullis/ruleset';
import { createLogger } from '@portcullis/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boot } from './boot.js';
import { FakeKernel } from './fixtures/fake-kernel.js';
import { guardedNic } from './fixtures/guarded-nic.js';
import { randomStates } from './fixtures/random-state.js';
import { StateFile } from './state-file/state-file.js';

const host = 'hosts/h1';
const [first, second] = randomStates(12, 3).filter(({ nics }) => nics.size > 1) as [HostState, HostState];
/** One NIC that accepts nothing. */
const guarded: HostState = {
  nics: new Map([['n1', { ...guardedNic, groups: [] }]]),
  groups: new Map(),
  memberSets: new Map(),
  addressGroups: new Map(),
};

/** Settled. */
function keptOf(state: HostState, policy: number) {
  return { desired: { generation: { policy, inventory: 1 }, state, unreadable: new Map() }, before: [state] };
}

describe('a boot', () => {
  let folder: string;
  let kernel: FakeKernel;
  let logged: string;
  const log = createLogger('boot', {
    level: 'info',
    destination: new Writable({
      write: (chunk, _encoding, done) => {
        logged += String(chunk);
        done();
      },
    }),
  });
  const file = (name: string) => path.join(folder, name);
  const stepsTo = async (state: HostState) =>
    planChange(readApplied(await kernel.read()), new FirewallRenderer().render(state), { keepStrays: true }).steps;
  const keep = async (...states: HostState[]) => {
    const stateFile = new StateFile({ folder, host, onWriteError: (error) => expect(error).toBeUndefined() });
    await stateFile.load();
    for (const [i, state] of states.entries()) {
      stateFile.save(keptOf(state, i + 1));
      await stateFile.close();
    }
  };
  const run = () => boot({ host, stateDir: folder, log, tools: kernel, patienceMs: 300 });

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'portcullis-boot-'));
    [kernel, logged] = [new FakeKernel(), ''];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('puts the last known state in force, and says which', async () => {
    await keep(first, second);
    await run();
    expect(await stepsTo(second)).toEqual([]);
    expect(logged).toMatch(/"policy":2.*the last known state is in force/);
  });

  it('E7 writes nothing where the kernel holds it already', async () => {
    await keep(first);
    await run();
    kernel.steps.length = 0;
    await run();
    expect(kernel.steps).toEqual([]);
  });

  it('leaves the flows stopped that are', async () => {
    await keep(guarded);
    const flow = { source: '10.0.0.9', destination: '10.0.0.1', protocol: 6, port: 80 };
    const flows = new Map([[flowElements(flow)[0] ?? '', flow]]);
    const revoked = [{ nic: 'n1', direction: 'ingress' as const, flows }];
    const firewall = new FirewallRenderer().render(guarded, new Set(), revoked);
    for (const step of planChange(nothingApplied, firewall).steps) await kernel.run(step);
    kernel.steps.length = 0;
    await run();
    expect(kernel.steps).toEqual([]);
  });

  it('enforces nothing where nothing has ever been known, and says so', async () => {
    await run();
    expect(kernel.steps).toEqual([]);
    expect(logged).toMatch(/no state is known yet/);
  });

  it.each([
    ['is half written', '{"sha256":"'],
    ['is empty', ''],
    ['is of another host', undefined],
  ])('takes the state before where the newest one %s, and says so', async (_, text) => {
    await keep(first, second);
    if (text !== undefined) await writeFile(file('state.json'), text);
    else {
      const other = new StateFile({ folder: file('other'), host: 'hosts/h2', onWriteError: () => undefined });
      await other.load();
      other.save(keptOf(second, 9));
      await other.close();
      await copyFile(file('other/state.json'), file('state.json'));
    }
    await run();
    expect(await stepsTo(first)).toEqual([]);
    expect(logged).toMatch(/"level":40.*state\.json cannot be used.*the one before it is enforced/);
  });

  it('fails where both are damaged, names both, and writes nothing', async () => {
    await keep(first, second);
    for (const name of ['state.json', 'previous.json']) await writeFile(file(name), '{');
    await expect(run()).rejects.toThrow(
      /^the last known state is lost: .*state\.json cannot be used: .*previous\.json cannot be used: /,
    );
    expect(kernel.steps).toEqual([]);
  });

  it('waits for a lock that another program holds, but not for ever', async () => {
    await keep(first);
    kernel.failure = 'locked';
    const freed = setTimeout(() => {
      kernel.failure = undefined;
    }, 50);
    await run();
    clearTimeout(freed);
    expect(await stepsTo(first)).toEqual([]);
    kernel.failure = 'locked';
    await expect(run()).rejects.toThrow('told to be locked');
  });

  it('fails where the kernel refuses everything', async () => {
    await keep(first);
    kernel.refuse = () => 'is not liked';
    await expect(run()).rejects.toThrow('is not liked');
  });
});
