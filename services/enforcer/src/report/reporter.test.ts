import type { Client } from '@connectrpc/connect';
import type { enforceV1 } from '@portcullis/api';
import { nothingApplied } from '@portcullis/plan';
import { expect, it } from 'vitest';
import type { Report } from './report.js';
import { Reporter } from './reporter.js';

const timings = { syncMs: 0, planMs: 0, applyMs: 0, revokeMs: 0 };
const report: Report = {
  generation: { policy: 1, inventory: 1 },
  cause: 'change',
  diff: { rules: [], sets: [] },
  timings,
  failures: [],
  lastGood: undefined,
  at: new Date(),
};

it('a report is on its way before timers and files have their turn', async () => {
  const counts: number[] = [];
  const client = {
    report: async ({ reports = [] }) => {
      counts.push(reports.length);
      return {};
    },
  } as unknown as Client<typeof enforceV1.EnforceService>;
  const stop = new AbortController();
  const description = { conditions: [], backend: 'nft', version: '', ruleHits: [] };
  const reporter = new Reporter({
    client,
    host: 'hosts/h1',
    heartbeatMs: 60_000,
    describe: () => description,
    onTaken: () => undefined,
    onError: () => undefined,
  });
  const running = reporter.run(stop.signal);
  await new Promise(setImmediate);
  reporter.push(report, { before: nothingApplied, after: nothingApplied });
  await new Promise(process.nextTick);
  expect(counts).toEqual([0, 1]);
  stop.abort();
  await running;
});
