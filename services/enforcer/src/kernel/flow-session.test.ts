import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLauncher, type Launcher } from './exec.js';
import { FlowSession } from './flow-session.js';

describe('a session of conntrack', () => {
  let folder: string;
  let session: FlowSession;
  let started: string[];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'portcullis-flows-'));
    const own = createLauncher({ prefix: ['env', `PATH=${folder}:${process.env.PATH}`] });
    started = [];
    const launcher: Launcher = {
      ...own,
      start: (argv) => {
        started.push(argv.join(' '));
        return own.start(argv);
      },
    };
    session = new FlowSession(launcher);
  });
  afterEach(async () => {
    await session.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A program that does `list` when asked for flows. */
  const conntrack = (version: string, list: string) =>
    writeFile(
      path.join(folder, 'conntrack'),
      `#!/bin/sh
if [ "$1" = --version ]; then echo "conntrack v${version} (conntrack-tools)"; exit; fi
${list}
`,
      { mode: 0o755 },
    );
  const good = 'echo "flow $*"; echo "conntrack v1 (conntrack-tools): 1 flow entries have been shown." >&2';
  const read = async () => {
    const lines: string[] = [];
    await session.read((line) => lines.push(line));
    return lines;
  };

  it('walks the table once where one list has both families, and starts one program for all readings', async () => {
    await conntrack('1.4.7', good);
    expect(await read()).toEqual(['flow -L -f ipv4', 'flow -L -f ipv6']);
    expect([await read(), await read()]).toEqual([['flow -L'], ['flow -L']]);
    expect(started).toEqual(['stdbuf -oL xargs -L 1 conntrack']);
  });

  it('waits for all the flows, and not for the end of the program that lists them', async () => {
    const file = (name: string) => path.join(folder, name);
    const until = (name: string) => `while [ -d ${folder} ] && [ ! -e ${file(name)} ]; do sleep 0.01; done`;
    await conntrack('1.4.7', good);
    await read();
    const shown = 'echo "conntrack v1 (conntrack-tools): 2 flow entries have been shown." >&2';
    await conntrack('1.4.7', `echo one; ${shown}; ${until('flows')}; echo two; ${until('end')}`);
    const listing = read();
    expect(await Promise.race([listing, sleep(200, 'not yet')])).toBe('not yet');
    await writeFile(file('flows'), '');
    expect(await listing).toEqual(['one', 'two']);
    await conntrack('1.4.7', good);
    const next = read();
    expect(await Promise.race([next, sleep(200, 'not yet')])).toBe('not yet');
    await writeFile(file('end'), '');
    expect(await next).toEqual(['flow -L']);
  });

  it('lets the program gather its lines where there are many', async () => {
    await conntrack('1.4.7', 'seq 5000; echo "conntrack v1 (conntrack-tools): 5000 flow entries have been shown." >&2');
    expect(await read()).toHaveLength(10_000);
    expect(await read()).toHaveLength(5000);
    expect(started).toEqual(['stdbuf -oL xargs -L 1 conntrack', 'xargs -L 1 conntrack']);
  });

  it.each([
    ['1.4.6', ['flow -L -f ipv4', 'flow -L -f ipv6']],
    ['1.4', ['flow -L -f ipv4', 'flow -L -f ipv6']],
    ['0.9.14', ['flow -L -f ipv4', 'flow -L -f ipv6']],
    ['1.4.10', ['flow -L']],
    ['1.5.0', ['flow -L']],
    ['2.0', ['flow -L']],
  ])('asks version %s for %j', async (version, lines) => {
    await conntrack(version, good);
    await read();
    expect(await read()).toEqual(lines);
  });

  it.each([
    ['echo "conntrack v1 (conntrack-tools): Operation failed: no buffer space" >&2; exit 1', /no buffer space/],
    ['echo flow; exit 1', /ended early/],
    ['echo flow; kill -9 $$', /signal|ended/],
    ['exit 255', /255|ended/],
  ])('takes no list that %j leaves unfinished, and the next one', async (list, complaint) => {
    await conntrack('1.4.7', list);
    await expect(read()).rejects.toThrow(complaint);
    await conntrack('1.4.7', good);
    expect((await read()).length).toBeGreaterThan(0);
  });

  it('says that the program is missing', async () => {
    for (const name of ['stdbuf', 'xargs']) await symlink(`/usr/bin/${name}`, path.join(folder, name));
    const none = new FlowSession(createLauncher({ prefix: ['env', `PATH=${folder}`] }));
    const missing = { failure: 'broken', message: expect.stringContaining('conntrack') };
    await expect(none.read(() => undefined)).rejects.toMatchObject(missing);
    await none.close();
  });
});
