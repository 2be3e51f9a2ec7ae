import { expect, it } from 'vitest';
import type { Client } from './client.js';
import { countLine, type Row } from './row.js';
import { runClient } from './run-client.js';

async function rowsOf(script: string): Promise<Row[]> {
  const client: Client = {
    name: 'shell',
    toolchain: ['sh'],
    steps: { first: /^one$/, second: /^two$/, third: /^three$/ },
    prepare: async () => '',
    command: () => ['sh', '-c', script],
  };
  const rows: Row[] = [];
  await runClient(client, { address: 'nowhere', onRow: (row) => rows.push(row) });
  return rows;
}

it('a client that says all that is expected passes', async () => {
  const rows = await rowsOf('echo first: one; echo second: two; echo third: three');
  expect(countLine(rows)).toBe('3 passed, 0 failed, 0 skipped');
});

it('a client that stops fails with its own words, and so does what it did not reach', async () => {
  const rows = await rowsOf('echo first: one; echo no second >&2; exit 3');
  expect(rows.map(({ step, result, note }) => [step, result, note])).toEqual([
    ['first', 'passed', 'one'],
    ['second', 'failed', 'ended with 3: no second'],
    ['third', 'failed', 'not reached'],
  ]);
});

it('a client that says something else fails, whatever its exit status', async () => {
  const rows = await rowsOf('echo first: one; echo second: 2; echo third: three');
  expect(countLine(rows)).toBe('1 passed, 2 failed, 0 skipped');
  expect(rows[1]?.note).toContain('unexpected: second: 2');
});

it('a client that fails at its very end fails', async () => {
  const rows = await rowsOf('echo first: one; echo second: two; echo third: three; exit 1');
  expect(countLine(rows)).toBe('3 passed, 1 failed, 0 skipped');
});

it('a client that is not there fails', async () => {
  const rows = await rowsOf('exec /nowhere/client');
  expect(countLine(rows)).toBe('0 passed, 3 failed, 0 skipped');
});
