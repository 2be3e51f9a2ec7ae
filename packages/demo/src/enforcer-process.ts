import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Lab } from '@portcullis/testing';

export interface EnforcerOptions {
  readonly host: string;
  /** Reach the suite: Unix sockets, because a host of the lab shares files with this machine but no network. */
  readonly dispatcher: string;
  readonly redisUrl: string;
  readonly backend: 'nft' | 'legacy';
  readonly stateDir: string;
  readonly logFile: string;
}

const program = fileURLToPath(new URL('../../../services/enforcer/dist/main.js', import.meta.url));

/** The enforcer of one host of the lab, in a process of its own inside the host's namespace; ended with the lab. */
export function startEnforcer(lab: Lab, options: EnforcerOptions): ChildProcess {
  const { host, dispatcher, redisUrl, backend, stateDir, logFile } = options;
  const flags = ['--host', `hosts/${host}`, '--dispatcher', dispatcher, '--redis', redisUrl];
  const log = openSync(logFile, 'a');
  const stdio: SpawnOptions['stdio'] = ['ignore', log, log];
  const child = lab.spawnIn(
    host,
    process.execPath,
    [program, ...flags, '--backend', backend, '--state-dir', stateDir],
    { stdio },
  );
  closeSync(log);
  return child;
}

/** The last lines an enforcer has logged. */
export function logTail(logFile: string, lineCount = 5): string[] {
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lineCount);
}
