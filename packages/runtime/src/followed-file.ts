import { readFile } from 'node:fs/promises';
import type { Logger } from './log.js';
import type { Closable } from './main.js';

/** How long a change may go unnoticed. To look at a path also sees files that were replaced, and links that were turned. */
const lookIntervalMs = 1000;

/** What a file says, as of now. */
export interface FollowedFile<Value> extends Closable {
  value(): Value;
  /** Answers how to hear of changes no longer. */
  onChange(listener: () => void): () => void;
}

/**
 * Reads a file, and reads it again when it changes and on SIGHUP. Rejects when it cannot be read now; a change that cannot
 * be read is logged, and what the file said before stays. `parse` throws at what it cannot read, and tells no secrets then.
 */
export async function followFile<Value>(
  path: string,
  parse: (text: string) => Value,
  log: Logger,
): Promise<FollowedFile<Value>> {
  let text: string | undefined;
  let value: Value;
  const look = async () => {
    try {
      const found = await readFile(path, 'utf8');
      if (found === text) return false;
      text = found;
      value = parse(found);
      return true;
    } catch (error) {
      throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  await look();

  const listeners = new Set<() => void>();
  let lastProblem = '';
  const lookAgain = async () => {
    try {
      const hasChanged = await look();
      lastProblem = '';
      if (!hasChanged) return;
      log.info({ path }, 'read again');
      for (const listener of listeners) listener();
    } catch (error) {
      const problem = (error as Error).message;
      if (problem !== lastProblem) log.error(`what it said before stays: ${problem}`);
      lastProblem = problem;
    }
  };
  const timer = setInterval(lookAgain, lookIntervalMs).unref();
  process.on('SIGHUP', lookAgain);
  return {
    value: () => value,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      clearInterval(timer);
      process.off('SIGHUP', lookAgain);
    },
  };
}
