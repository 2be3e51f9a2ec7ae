import { describe, expect, it } from 'vitest';
import { scenario, statedFlows } from './corpus.js';
import { JudgedHistory } from './judged-history.js';

/** Fixed, so that a failure repeats; others explore further: CONFORMANCE_SEED=7 npx vitest run test/conformance. */
const firstSeed = Number(process.env.CONFORMANCE_SEED ?? 20_260_101);
const historyCount = Number(process.env.CONFORMANCE_HISTORIES ?? 12);
const eventCount = 25;

const pairs = [
  'n0 > n1',
  'n1 > n0',
  'n2 > n3',
  'n3 > n2',
  'n4 > n5',
  'n5 > n4',
  'out > n2',
  'n3 > out',
  'n2(address) > n3',
];
const packets = ['tcp/80', 'udp/85', 'echo'];
const lines = pairs.flatMap((pair) => packets.map((packet) => `${pair} ${packet} = pass`));
const flows = statedFlows(scenario('', {}, lines)).map(({ flow }) => flow);

describe('a host through changes, restarts, damage, and a dispatcher that begins anew', () => {
  it.each(Array.from({ length: historyCount }, (_, i) => firstSeed + i))(
    'E5 E7 opens nothing that all states deny, breaks nothing that all allow (seed %i)',
    async (seed) => {
      const history = new JudgedHistory(seed, flows, eventCount);
      await history.run(eventCount);
      expect(history.wrong).toEqual([]);
      expect(history.judgedCount).toBeGreaterThan(eventCount * flows.length);
    },
  );
});
