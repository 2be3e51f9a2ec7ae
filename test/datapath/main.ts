import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { Backend } from './flood/flooded-host.js';
import { type PartReport, runDatapath } from './flood/run-parts.js';

/** `npm run test:datapath [-- options]`. */

const help = `npm run test:datapath -- [options]

Real packets, each of which must or must not arrive, through a real kernel while its rules change, the enforcer is killed, and others
damage what it has written. Needs root; everything happens in network namespaces, which are removed at the end.

  --backend  nft, legacy or both; default both
  --changes  random changes of rules, members, groups, address groups and NICs; default 1000
  --kills    times the enforcer is killed (-9) during changes and started again; default 200
  --seed     of all that is random; default: another one each time, printed
  --night    goes on with new seeds until it is stopped
`;

const options = {
  backend: { type: 'string', default: 'both' },
  changes: { type: 'string', default: '1000' },
  kills: { type: 'string', default: '200' },
  seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
  night: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;
const whole = z.coerce.number().int().min(1).max(1_000_000);
const wanted = z.object({
  backend: z.enum(['nft', 'legacy', 'both']),
  changes: whole,
  kills: whole,
  seed: z.coerce.number().int().min(0),
  night: z.boolean(),
});

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => stop.abort(new Error(`stopped by ${name}`)));

function read() {
  try {
    const { values } = parseArgs({ options });
    if (values.help) {
      process.stdout.write(help);
      process.exit(0);
    }
    const { success, data, error } = wanted.safeParse(values);
    if (success) return data;
    throw new Error(error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('; '));
  } catch (thrown) {
    process.stderr.write(`npm run test:datapath: ${(thrown as Error).message}\n\n${help}`);
    process.exit(2);
  }
}

const reports: PartReport[] = [];

async function run({ backend, changes, kills, seed }: z.infer<typeof wanted>): Promise<void> {
  const backends: Backend[] = backend === 'both' ? ['nft', 'legacy'] : [backend];
  console.log(`seed ${seed}`);
  for (const each of backends) {
    const parts = runDatapath({
      backend: each,
      seed,
      changes,
      kills,
      damages: 3,
      isFight: false,
      largeSetChanges: 100,
      roundsPerSecond: 40,
      conversations: 48,
      onProgress: (line) => console.log(`  ${line}`),
      signal: stop.signal,
    });
    for await (const report of parts) {
      reports.push(report);
      console.log(`${report.problems.length === 0 ? 'passed' : 'FAILED'}  ${each} ${report.name}: ${report.figures}`);
      for (const problem of report.problems) console.log(problem.replaceAll(/^/gm, '        '));
    }
  }
}

const chosen = read();
let broken = 0;
for (let seed = chosen.seed; ; seed += 1) {
  try {
    await run({ ...chosen, seed });
  } catch (thrown) {
    const isStopped = stop.signal.aborted;
    console.error(isStopped ? String(stop.signal.reason.message) : (thrown as Error).stack);
    // The end of a night is no failure.
    if (!isStopped || !chosen.night) broken += 1;
  }
  if (!chosen.night || stop.signal.aborted) break;
}
const failed = reports.filter(({ problems }) => problems.length > 0).length;
console.log(`${reports.length - failed} passed, ${failed + broken} failed`);
process.exit(failed + broken === 0 ? 0 : 1);
