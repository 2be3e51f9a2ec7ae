import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { root } from './folders.js';
import { isOnPath } from './run-tool.js';

const isRoot = process.getuid?.() === 0;
const missing = ['go', 'python3', 'java', 'mvn'].filter((program) => !isOnPath(program));
if (!isRoot) console.warn('Clients of other languages need a lab, and a lab needs root: their test is skipped.');
else if (missing.length > 0) console.warn(`Not on this machine: ${missing.join(', ')}. Their clients are skipped.`);

/** The first run on a machine fetches and compiles everything; a later one takes about a minute. */
const timeoutMs = 20 * 60_000;

it.skipIf(!isRoot || missing.length === 4)(
  'clients made from proto/ in Go, Python and Java, and grpcurl, do all that a scheduler does',
  async () => {
    const program = [`${root}/scripts/interop.mjs`];
    const run = await promisify(execFile)(process.execPath, program, { cwd: root, timeout: timeoutMs }).catch(
      (error: Error & { stdout: string; stderr: string }) => ({
        stdout: error.stdout,
        stderr: error.stderr || error.message,
      }),
    );
    expect(run.stdout, run.stderr).toMatch(/^[1-9]\d* passed, 0 failed, \d+ skipped$/m);
  },
  timeoutMs,
);
