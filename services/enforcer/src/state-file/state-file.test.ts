import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { digestHostState } from '@portcullis/compile';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Desired } from '../desired/desired.js';
import { randomStates } from '../fixtures/random-state.js';
import { StateFile } from './state-file.js';
import { parseState } from './state-text.js';

const host = 'hosts/h1';
const [first, second, third] = randomStates(3, 5).map(
  (state, i): Desired => ({
    generation: { policy: i + 1, inventory: 1 },
    state,
    unreadable: new Map([['group x', 'why']]),
  }),
) as [Desired, Desired, Desired];

/** Settled. */
const keptOf = (desired: Desired) => ({ desired, before: [desired.state] });

describe('the state file', () => {
  let folder: string;
  let errors: (Error | undefined)[];
  const file = () => new StateFile({ folder, host, onWriteError: (error) => errors.push(error), intervalMs: 0 });
  const keep = async (...states: Desired[]) => {
    for (const each of states) {
      const writer = file();
      await writer.load();
      writer.save(keptOf(each));
      await writer.close();
    }
  };
  const expectLoaded = async (expected: Desired | undefined, problemCount: number) => {
    const { kept, problems } = await file().load();
    const desired = kept?.desired;
    expect(desired?.generation).toEqual(expected?.generation);
    if (desired && expected) expect(digestHostState(desired.state)).toBe(digestHostState(expected.state));
    expect(desired?.unreadable).toEqual(expected?.unreadable);
    expect(problems).toHaveLength(problemCount);
  };

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'portcullis-state-'));
    errors = [];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('keeps nobody waiting for a pause between two writes', async () => {
    const writer = new StateFile({ folder, host, onWriteError: (error) => errors.push(error), intervalMs: 60_000 });
    await writer.load();
    for (const each of [first, second, third]) {
      writer.save(keptOf(each));
      await writer.flushed();
      await expectLoaded(each, 0);
    }
    await writer.close();
  });

  it('holds nothing at first', () => expectLoaded(undefined, 0));

  it('gives back what was saved last', async () => {
    await keep(first, second);
    await expectLoaded(second, 0);
    expect((await readdir(folder)).toSorted()).toEqual(['previous.json', 'state.json']);
  });

  it.each([
    ['truncated', () => truncate(path.join(folder, 'state.json'), 100)],
    ['empty', () => truncate(path.join(folder, 'state.json'), 0)],
    ['gone', () => rm(path.join(folder, 'state.json'))],
    ['changed', () => change((text) => text.replace('"format":3', '"format":4'))],
    ['of another format, with a good checksum', () => change(() => '{"sha256":"00","content":{}}\n')],
    ['not text', () => writeFile(path.join(folder, 'state.json'), Buffer.from([0xff, 0, 0xfe]))],
  ])('E1 gives back the one before when the newest is %s', async (how, damage) => {
    await keep(first, second);
    await damage();
    await expectLoaded(first, how === 'gone' ? 0 : 1);
  });

  it('E1 gives back nothing when both are damaged', async () => {
    await keep(first, second);
    await change((text) => text.slice(1));
    await writeFile(path.join(folder, 'previous.json'), 'x');
    await expectLoaded(undefined, 2);
  });

  it('never makes a damaged file the previous one', async () => {
    await keep(first, second);
    await change((text) => text.slice(1));
    await keep(third);
    await expectLoaded(third, 0);
    await change((text) => text.slice(1));
    await expectLoaded(first, 1);
  });

  it('takes the state of a version that had no address groups', async () => {
    const state = { ...first.state, addressGroups: new Map() };
    await keep({ ...first, state });
    await change((text) => {
      const content = text.slice(text.indexOf('{"format"'), -2).replace('"format":2', '"format":1');
      const old = content.replace('"addressGroups":[],', '');
      expect(old).not.toBe(content);
      return `{"sha256":"${createHash('sha256').update(old).digest('hex')}","content":${old}}\n`;
    });
    await expectLoaded({ ...first, state }, 0);
  });

  it('keeps the states that may have allowed what flows now', async () => {
    const writer = file();
    await writer.load();
    writer.save({ desired: third, before: [first.state, second.state] });
    await writer.close();
    expect((await file().load()).kept?.before.map(digestHostState)).toEqual(
      [first, second].map((each) => digestHostState(each.state)),
    );
    await keep(third);
    const settled = (await file().load()).kept;
    expect(settled?.before).toEqual([settled?.desired.state]);
  });

  it('does not know what may have been allowed when only the older state is whole', async () => {
    await keep(first, second);
    await truncate(path.join(folder, 'state.json'), 100);
    expect((await file().load()).kept?.before).toEqual([]);
  });

  it('does not know what may have been allowed while a state is in force that was not saved', async () => {
    const knows = async () => ((await file().load()).kept?.before ?? []).length > 0;
    await keep(first);
    const writer = file();
    await writer.load();
    expect(await knows()).toBe(true);
    writer.begin();
    expect(await knows()).toBe(false);
    writer.save(keptOf(second));
    writer.begin();
    await writer.flushed();
    expect(await knows()).toBe(false);
    writer.save(keptOf(third));
    await writer.close();
    expect(await knows()).toBe(true);
    expect((await readdir(folder)).toSorted()).toEqual(['previous.json', 'state.json']);
  });

  it('has been written when it says so', async () => {
    const writer = file();
    await writer.load();
    await writer.flushed();
    for (const each of [first, second]) {
      writer.save(keptOf(each));
      await writer.flushed();
      const { desired } = parseState(await readFile(path.join(folder, 'state.json'), 'utf8'), host);
      expect(desired.generation).toEqual(each.generation);
    }
    await rm(folder, { recursive: true });
    writer.save(keptOf(first));
    await writer.flushed();
    expect(errors.at(-1)).toMatchObject({ code: 'ENOENT' });
    await writer.close();
  });

  it('does not take the state of another host', async () => {
    await keep(first);
    const { problems } = await new StateFile({ folder, host: 'hosts/h2', onWriteError: () => undefined }).load();
    expect(problems).toEqual([expect.stringContaining('it is of hosts/h1')]);
  });

  it('writes the newest of many, and few of them', async () => {
    const writer = new StateFile({ folder, host, onWriteError: (error) => errors.push(error), intervalMs: 50 });
    await writer.load();
    for (let policy = 1; policy <= 1000; policy += 1) {
      writer.save(keptOf({ ...first, generation: { policy, inventory: 1 } }));
      if (policy % 100 === 0) await new Promise(setImmediate);
    }
    await writer.close();
    const { desired } = parseState(await readFile(path.join(folder, 'state.json'), 'utf8'), host);
    expect(desired.generation.policy).toBe(1000);
    expect(errors.length).toBeLessThan(10);
    expect(errors.every((error) => error === undefined)).toBe(true);
  });

  it('tells when it cannot write, and when it can again', async () => {
    const writer = file();
    await writer.load();
    await rm(folder, { recursive: true });
    writer.save(keptOf(first));
    await writer.close();
    await expect(writer.load()).resolves.toMatchObject({ kept: undefined });
    writer.save(keptOf(first));
    await writer.close();
    expect(errors).toEqual([expect.objectContaining({ code: 'ENOENT' }), undefined]);
  });

  it('S2 refuses members that are no addresses, whatever the checksum says', async () => {
    const forged = new Map([['g@d', { group: 'g', routingDomain: 'd', addresses: new Set(['host.example']) }]]);
    await keep({ ...first, state: { ...first.state, memberSets: forged } });
    const { kept } = await file().load();
    expect(kept?.desired.unreadable.get('memberSet g@d')).toContain('host.example');
  });

  it('S2 refuses CIDRs that are none, whatever the checksum says', async () => {
    const forged = new Map([['office', { id: 'office', cidrs: new Set(['10.0.0.0/8', 'host.example/8']) }]]);
    await keep({ ...first, state: { ...first.state, addressGroups: forged } });
    const { kept } = await file().load();
    expect(kept?.desired.unreadable.get('addressGroup office')).toContain('host.example');
  });

  async function change(edit: (text: string) => string): Promise<void> {
    const name = path.join(folder, 'state.json');
    await writeFile(name, edit(await readFile(name, 'utf8')));
  }
});
