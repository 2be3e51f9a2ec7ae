import { mkdirSync } from 'node:fs';
import type { Client } from './client.js';
import { goDrain, goKeepalive, goOutlast, goScheduler } from './clients/go.js';
import { grpcurl } from './clients/grpcurl.js';
import { javaScheduler } from './clients/java.js';
import { pythonScheduler } from './clients/python.js';
import { binFolder } from './folders.js';
import { countLine, formatRow, type Row } from './row.js';
import { runClient } from './run-client.js';
import { isOnPath } from './run-tool.js';
import { startCloud } from './start-cloud.js';
import { stop } from './stop.js';

/** `npm run interop`: clients of several languages, made from `proto/`, against a real suite and a real kernel. */

const clients = [goKeepalive, goScheduler, pythonScheduler, javaScheduler, grpcurl, goDrain, goOutlast];

const rows: Row[] = [];
const onRow = (row: Row) => {
  rows.push(row);
  console.log(formatRow(row));
};

/** Whether a client is ready to run; a row says why where it is not, or how long it took. */
async function prepare(client: Client): Promise<boolean> {
  const row = { client: client.name, step: 'prepare', tookMs: 0 };
  const missing = client.toolchain.filter((program) => !isOnPath(program));
  if (missing.length > 0) {
    onRow({ ...row, result: 'skipped', note: `not on this machine: ${missing.join(', ')}` });
    for (const step of Object.keys(client.steps)) onRow({ ...row, step, result: 'skipped', note: '' });
    return false;
  }
  const beganAt = performance.now();
  try {
    const versions = await client.prepare();
    onRow({ ...row, result: 'passed', tookMs: performance.now() - beganAt, note: versions });
    return true;
  } catch (error) {
    onRow({ ...row, result: 'failed', note: (error as Error).message });
    for (const step of Object.keys(client.steps)) onRow({ ...row, step, result: 'failed', note: 'not reached' });
    return false;
  }
}

async function main(): Promise<void> {
  mkdirSync(binFolder, { recursive: true });
  const ready = new Map<Client, boolean>();
  await Promise.all(clients.map(async (client) => ready.set(client, await prepare(client))));
  if (![...ready.values()].includes(true)) return;

  const cloud = await startCloud();
  try {
    const run = async (client: Client, onStep?: (step: string) => void) => {
      if (ready.get(client)) await runClient(client, { address: cloud.address, onRow, ...(onStep && { onStep }) });
    };
    // It only waits, beside the others.
    const kept = run(goKeepalive);
    for (const client of [goScheduler, pythonScheduler, javaScheduler, grpcurl]) await run(client);
    await kept;
    if (stop.aborted) return;

    let end: ReturnType<typeof cloud.endSuite> | undefined;
    await run(goDrain, (step) => {
      if (step === 'sent') end = cloud.endSuite();
    });
    if (end !== undefined) {
      const beganAt = performance.now();
      const status = await end;
      const result = status === 0 ? 'passed' : 'failed';
      const tookMs = performance.now() - beganAt;
      onRow({ client: 'suite', step: 'end', result, tookMs, note: `ended with ${status}` });
    }
    let started: Promise<void> | undefined;
    await run(goOutlast, (step) => {
      if (step === 'refused') started = cloud.startSuite();
    });
    await started;
    if (rows.some(({ result }) => result === 'failed')) console.log(cloud.logTail());
  } finally {
    await cloud.close();
  }
}

await main();
if (stop.aborted) console.error(`npm run interop: ${(stop.reason as Error).message}`);
console.log(countLine(rows));
process.exit(stop.aborted || rows.some(({ result }) => result === 'failed') ? 1 : 0);
