import { afterAll, describe, expect, it } from 'vitest';
import { runDatapath } from './flood/run-parts.js';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('A flood of packets needs a kernel, and that needs root: these tests are skipped.');

/** Fixed, so that a failure repeats. The same at length, with other seeds: npm run test:datapath. */
const seed = Number(process.env.DATAPATH_SEED ?? 20_260_102);

describe.skipIf(!isRoot).each(['nft', 'legacy'] as const)('under a flood of packets, iptables-%s', (backend) => {
  const lines: string[] = [];
  const counts = { changes: 50, kills: 4, damages: 1, isFight: true, largeSetChanges: 20 };
  const load = { roundsPerSecond: 20, conversations: 12 };
  const parts = runDatapath({ backend, seed, ...counts, ...load, onProgress: (line) => lines.push(line) });
  afterAll(() => parts.return(undefined));

  it.each([
    ['changes', 'judges every packet right while rules, members, groups, CIDRs and NICs change'],
    ['kills', 'E7 judges every packet right while the enforcer is killed and started again'],
    ['damage', 'E6 repairs what others damage, and leaves what is theirs'],
    ['large set', 'lets every member of a large set in while others come and go'],
  ])('%s: %s', async (name) => {
    const { value } = await parts.next();
    if (value?.problems.length !== 0) expect.fail([value?.figures, ...(value?.problems ?? []), ...lines].join('\n'));
    expect(value.name).toBe(name);
  });
});
