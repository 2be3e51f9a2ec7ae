import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKernelLab, isRoot, type KernelLab } from '../fixtures/kernel-lab.js';
import { backends } from './kernel-tools.js';
import { SessionTools } from './session-tools.js';

describe.skipIf(!isRoot).each(backends)('frames beside iptables-%s', (backend) => {
  let host: KernelLab;
  beforeAll(async () => {
    host = await createKernelLab();
  });
  afterAll(async () => {
    await host?.lab.destroy();
  });

  const isEbtables = (argv: readonly string[]) => argv.includes('ebtables-nft-restore');

  /** Tools that are started with other words for ebtables, and how often that was, to be kept running or for one change. */
  function open(edit: (argv: readonly string[]) => readonly string[] = (argv) => argv) {
    const { launcher } = host;
    const count = { kept: 0, once: 0 };
    const tools = new SessionTools(backend, {
      ...launcher,
      start: (argv) => {
        if (isEbtables(argv)) count.kept += 1;
        return launcher.start(isEbtables(argv) ? edit(argv) : argv);
      },
      run: (argv, options) => {
        if (isEbtables(argv)) count.once += 1;
        return launcher.run(argv, options);
      },
    });
    const set = (nic: string) =>
      tools.run({ kind: 'frames', text: `*nat\n:PC-X RETURN\n-A PC-X -i ${nic} -j DROP\nCOMMIT\n` });
    const inForce = async () =>
      (await tools.read()).frames?.split('\n').flatMap((line) => /^-A PC-X -i (\S+)/.exec(line)?.[1] ?? []);
    return { tools, count, set, inForce };
  }

  it('change through one process, which sees what others have changed', async () => {
    const { tools, count, set, inForce } = open();
    await set('a');
    await host.run('ebtables-nft', '-t', 'nat', '-A', 'PC-X', '-i', 'b', '-j', 'DROP');
    expect(await inForce()).toEqual(['a', 'b']);
    for (const nic of ['c', 'd', 'e']) {
      await set(nic);
      expect(await inForce()).toEqual([nic]);
    }
    await host.run('ebtables-nft', '-t', 'nat', '-F', 'PC-X');
    await host.run('ebtables-nft', '-t', 'nat', '-X', 'PC-X');
    await set('f');
    expect(await inForce()).toEqual(['f']);
    expect(count).toEqual({ kept: 1, once: 0 });
    await tools.close();
  });

  it('change through a process each where ebtables cannot be kept running', async () => {
    const { tools, count, set, inForce } = open((argv) => argv.map((word) => (word === '--verbose' ? '--none' : word)));
    for (const nic of ['a', 'b']) {
      await set(nic);
      expect(await inForce()).toEqual([nic]);
    }
    expect(count).toEqual({ kept: 2, once: 2 });
    await tools.close();
  });

  it('are not tried again by another process where ebtables cannot be run', async () => {
    const { tools, count, set } = open((argv) => argv.map((word) => (isEbtables([word]) ? '/no/such/program' : word)));
    await expect(set('a')).rejects.toMatchObject({ failure: 'broken' });
    expect(count).toEqual({ kept: 1, once: 0 });
    await tools.close();
  });
});
