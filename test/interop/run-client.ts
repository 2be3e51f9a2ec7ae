import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Client } from './client.js';
import type { Row } from './row.js';
import { environment } from './run-tool.js';
import { stop } from './stop.js';

const timeoutMs = 90_000;

export interface RunOptions {
  readonly address: string;
  readonly onRow: (row: Row) => void;
  /** Called with the name of each step that is done. */
  readonly onStep?: (step: string) => void;
}

/** Runs a client against a cloud, a minute and a half at most: a row for each of its steps, whatever happens. */
export async function runClient(client: Client, { address, onRow, onStep }: RunOptions): Promise<void> {
  const [command, ...args] = client.command({ address });
  const child = spawn(command, args, {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    signal: stop,
  });
  let complaint = '';
  child.stderr.on('data', (text) => {
    complaint += String(text);
  });
  const closed = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? '' : `ended with ${code ?? signal}`));
  });
  const left = Object.entries(client.steps);
  let beganAt = performance.now();
  for await (const line of createInterface({ input: child.stdout })) {
    const [step = '', ...said] = line.split(': ');
    const note = said.join(': ');
    const [expected, pattern] = left[0] ?? [];
    if (step !== expected || !pattern?.test(note)) {
      complaint += `\nunexpected: ${line}`;
      continue;
    }
    left.shift();
    const now = performance.now();
    onRow({ client: client.name, step, result: 'passed', tookMs: now - beganAt, note });
    beganAt = now;
    onStep?.(step);
  }
  const end = await closed;
  const why = [end, complaint.trim().split('\n').slice(-12).join('\n')].filter((text) => text !== '').join(': ');
  for (const [index, [step]] of left.entries()) {
    const note = index === 0 ? why || 'said nothing of it' : 'not reached';
    onRow({ client: client.name, step, result: 'failed', tookMs: performance.now() - beganAt, note });
  }
  if (left.length === 0 && end !== '')
    onRow({ client: client.name, step: 'end', result: 'failed', tookMs: 0, note: why });
}
