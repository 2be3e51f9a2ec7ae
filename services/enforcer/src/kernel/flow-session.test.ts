import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
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
    expect(started).toEqual(['xargs -L 1 conntrack']);
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
    await symlink('/usr/bin/xargs', path.join(folder, 'xargs'));
    const none = new FlowSession(createLauncher({ prefix: ['env', `PATH=${folder}`] }));
    const missing = { failure: 'broken', message: expect.stringContaining('conntrack') };
    await expect(none.read(() => undefined)).rejects.toMatchObject(missing);
    await none.close();
  });
});
