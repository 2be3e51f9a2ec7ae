import { EventEmitter } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChangeMonitor } from './change-monitor.js';
import type { RunningTool } from './exec.js';
import type { Writer } from './kernel-tools.js';

const own = 11;

describe('the monitor of changes', () => {
  let folder: string;
  let monitor: ChangeMonitor;
  let children: (RunningTool & { stdout: PassThrough })[];
  let heard: (Writer | undefined)[];
  let problems: (string | undefined)[];

  /** As the kernel's namespace, or another one. */
  const start = async (pidNamespace = 'pid:[4026531836]') => {
    const link = path.join(folder, 'pid');
    await symlink(pidNamespace, link);
    monitor = new ChangeMonitor({
      launcher: {
        start: () => {
          const child = Object.assign(new EventEmitter(), {
            stdout: new PassThrough(),
            stderr: new PassThrough(),
            kill: () => child.emit('close', null, 'SIGTERM'),
          }) as unknown as RunningTool & { stdout: PassThrough };
          children.push(child);
          return child;
        },
        isOwn: (pid) => pid === own,
      },
      onProblem: (problem) => problems.push(problem),
      pidNamespace: link,
      pauseMs: 1,
    });
    monitor.start((writer) => heard.push(writer));
  };
  const print = async (...lines: string[]) => {
    await expect.poll(() => children.length).toBeGreaterThan(0);
    children.at(-1)?.stdout.write(lines.map((line) => `${line}\n`).join(''));
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const by = (pid: number, program = 'iptables-nft-re') => `# new generation 7 by process ${pid} (${program})`;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'portcullis-monitor-'));
    [children, heard, problems] = [[], [], []];
  });
  afterEach(async () => {
    await monitor.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    'add rule ip filter PC-INPUT counter packets 0 bytes 0 accept',
    'delete rule ip6 filter FORWARD handle 4',
    'insert rule ip raw PREROUTING counter packets 0 bytes 0',
    'delete chain ip filter PC-GI-0123456789abcdef',
    'delete table ip filter',
    'delete table ip6 raw',
    'add rule bridge nat PREROUTING counter packets 0 bytes 0 drop',
    'delete chain bridge nat PC-FRAME',
    'delete table bridge nat',
  ])('tells who has done: %s', async (line) => {
    await start();
    await print(line, by(4711));
    expect(heard).toEqual([{ program: 'iptables-nft-re', pid: 4711 }]);
  });

  it.each([
    'add rule ip nat POSTROUTING oifname "eth7" counter packets 0 bytes 0 masquerade',
    'add rule ip filter DOCKER counter packets 0 bytes 0 jump PC-INPUT',
    'add rule inet filter FORWARD counter packets 0 bytes 0',
    'add rule ip filter FORWARDED counter packets 0 bytes 0',
    'delete table ip nat',
    'add rule bridge filter FORWARD counter packets 0 bytes 0',
    'add element ip filter FORWARD { 192.0.2.1 }',
  ])('passes over: %s', async (line) => {
    await start();
    await print(line, by(4711), by(4712));
    expect(heard).toEqual([]);
  });

  it('passes over what its own programs have done', async () => {
    await start();
    await print('add rule ip filter PC-INPUT counter', by(own), 'add rule ip filter PC-INPUT counter', by(12, 'a (b)'));
    expect(heard).toEqual([{ program: 'a (b)', pid: 12 }]);
  });

  it('tells of nobody where the kernel does not say who, or lost what happened', async () => {
    await start();
    await print('delete table ip raw', '# new generation 8', '# ERROR: We lost some netlink events!');
    expect(heard).toEqual([undefined, undefined]);
  });

  it('starts the tool again after it has ended, says why, and that something may have been missed', async () => {
    await start();
    await print();
    children[0]?.stderr.push('nft: no memory\n');
    await new Promise((resolve) => setTimeout(resolve, 20));
    children[0]?.emit('close', 1, null);
    expect(problems).toEqual(['nft monitor: nft: no memory']);
    await expect.poll(() => heard, { timeout: 5000 }).toEqual([undefined]);
    expect(children).toHaveLength(2);
    expect(problems).toEqual(['nft monitor: nft: no memory', undefined]);
    await print('delete table ip raw', by(5));
    expect(heard).toEqual([undefined, { program: 'iptables-nft-re', pid: 5 }]);
  });

  it('does not listen where the process ids of the kernel are not its own', async () => {
    await start('pid:[4026532177]');
    await expect.poll(() => problems).toEqual([expect.stringContaining('process ids of the host')]);
    expect(children).toEqual([]);
  });
});
