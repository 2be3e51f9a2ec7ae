import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { binFolder, root } from './folders.js';
import { stop } from './stop.js';

/** A cold start fetches everything a client needs. */
const timeoutMs = 8 * 60_000;

/** With the programs of this run, and buf, before those of the machine. */
export const environment: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: [binFolder, path.join(root, 'node_modules/.bin'), process.env.PATH].join(path.delimiter),
};

/** Runs a tool to its end, eight minutes at most, and returns what it printed. Throws with its last words when it fails. */
export async function runTool(
  [command, ...args]: readonly [string, ...string[]],
  { cwd = root, env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const child = spawn(command, args, {
    cwd,
    env: { ...environment, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    signal: stop,
  });
  const output: string[] = [];
  const said: string[] = [];
  child.stdout.on('data', (text) => {
    output.push(String(text));
    said.push(String(text));
  });
  child.stderr.on('data', (text) => said.push(String(text)));
  const status = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  if (status !== 0) {
    const tail = said.join('').trimEnd().split('\n').slice(-15).join('\n');
    throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${tail}`);
  }
  return output.join('');
}

export function isOnPath(program: string): boolean {
  return (environment.PATH ?? '').split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
