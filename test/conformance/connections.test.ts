import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scenario, statedFlows } from './corpus.js';
import { KernelJudge } from './kernel-judge.js';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('Tracked connections need a kernel, and that needs root: these tests are skipped.');

/** n2 and n3 have the addresses of n4 and n5; n3 and n5 accept UDP 53, n2 and n4 accept nothing. */
const groups = { open: { nics: ['n3', 'n5'], rules: ['in udp 53'] }, closed: { nics: ['n2', 'n4'] } };

describe.skipIf(!isRoot).each(['nft', 'legacy'] as const)('a connection tracked with iptables-%s', (backend) => {
  let kernel: KernelJudge;
  beforeAll(async () => {
    kernel = await KernelJudge.start(backend);
  });
  afterAll(async () => {
    await kernel?.close();
  });

  /** One after the other, in one state: what came before is remembered. */
  async function expectInOrder(verdicts: readonly string[]): Promise<void> {
    await kernel.apply(scenario('', groups, []).cloud);
    for (const verdict of verdicts) {
      const [stated] = statedFlows(scenario('', groups, [verdict]));
      if (stated === undefined) throw new Error(`cannot read ${verdict}`);
      expect([verdict, await kernel.deliver([stated.flow], [stated.allowed])]).toEqual([verdict, [stated.allowed]]);
    }
  }

  it.each(['v4', 'v6'])('lets the answer in, where nothing else comes in (%s)', (family) =>
    expectInOrder([
      `n3 > n2 udp/53-40000 ${family} = drop`,
      `n2 > n3 udp/40000-53 ${family} = pass`,
      `n3 > n2 udp/53-40000 ${family} = pass`,
      `n3 > n2 udp/54-40000 ${family} = drop`,
    ]),
  );

  it.each(['v4', 'v6'])('is not taken for one of the same addresses in another routing domain (%s)', (family) =>
    expectInOrder([
      `n2 > n3 udp/40000-53 ${family} = pass`,
      `n3 > n2 udp/53-40000 ${family} = pass`,
      `n5 > n4 udp/53-40000 ${family} = drop`,
      `n4 > n5 udp/40000-53 ${family} = pass`,
      `n5 > n4 udp/53-40000 ${family} = pass`,
    ]),
  );
});
