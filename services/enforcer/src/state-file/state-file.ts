import { rmSync, writeFileSync } from 'node:fs';
import { access, link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Wake } from '../wake.js';
import { formatState, type Kept, parseState } from './state-text.js';

export interface StateFileOptions {
  readonly folder: string;
  /** hosts/{host}; the state of another host is not taken. */
  readonly host: string;
  /** Called when the newest state cannot be written, and with undefined once it can be again. */
  readonly onWriteError: (error: Error | undefined) => void;
  /** Least time from one write to the next, so that a burst of changes costs few. Default: 20 ms. */
  readonly intervalMs?: number;
}

/** A state that nobody waits for is written when others have had their turn: to make its text takes a millisecond or two. */
const firstPauseMs = 3;
const forEver = new AbortController().signal;

export interface LoadedState {
  /** Undefined where there is none, or none that is whole. */
  readonly kept: Kept | undefined;
  /** One for each file that was there and could not be used. */
  readonly problems: readonly string[];
}

/**
 * The last known state on disk, for a start while the dispatcher is away.
 *
 * Owns: `state.json`, the newest state; `previous.json`, the one before it; `state.json.new` while it writes; `unsaved`,
 * empty, while more may be allowed than these say.
 * Does not own: what is in force.
 * Invariants: 1. At any moment, also after a loss of power, one of the two files is whole, once one has been written. 2. A
 * file that is not whole is never used and never becomes the previous one. 3. Saving never waits, and what is written is
 * the newest that was saved. 4. Who waits until it is written waits for the disk, and for no pause.
 */
export class StateFile {
  readonly #options: StateFileOptions;
  #isCurrentWhole = false;
  #waiting: Kept | undefined;
  #writing: Promise<void> | undefined;
  /** Whether what was saved last has not been written. */
  #isPending = false;
  /** Whether `unsaved` is there, and whether it may go with the next write. */
  #unsaved: 'absent' | 'present' | 'passing' = 'absent';
  readonly #pause = new Wake();
  /** Those who wait until it is. */
  #onWritten: (() => void)[] = [];

  constructor(options: StateFileOptions) {
    this.#options = options;
  }

  /** Reads the newest state that is whole. A folder that is missing is made; one that cannot be used is an error. */
  async load(): Promise<LoadedState> {
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    await rm(this.#path('state.json.new'), { force: true });
    const hasUnsaved = await access(this.#path('unsaved')).then(
      () => true,
      () => false,
    );
    if (hasUnsaved) this.#unsaved = 'present';
    const problems: string[] = [];
    for (const name of ['state.json', 'previous.json']) {
      const file = this.#path(name);
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') problems.push(`${file} cannot be read: ${error.message}`);
        return undefined;
      });
      if (text === undefined) continue;
      try {
        const kept = parseState(text, this.#options.host);
        this.#isCurrentWhole = name === 'state.json';
        // What was in force after this state is not known, nor what it allowed.
        return { kept: this.#isCurrentWhole && !hasUnsaved ? kept : { ...kept, before: [] }, problems };
      } catch (error) {
        problems.push(`${file} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return { kept: undefined, problems };
  }

  /**
   * A state is about to be put in force that allows more than those on disk. Until it is saved, what may have been allowed is not known
   * to who finds the folder. Nothing is waited for: what is not on disk when the machine itself dies outlives no connection.
   */
  begin(): void {
    try {
      if (this.#unsaved === 'absent') writeFileSync(this.#path('unsaved'), '', { mode: 0o600 });
      this.#unsaved = 'present';
    } catch (error) {
      this.#options.onWriteError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  save(kept: Kept): void {
    if (this.#unsaved === 'present') this.#unsaved = 'passing';
    this.#waiting = kept;
    this.#isPending = true;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves once what was saved last is on disk, or could not be written; at once where it is already. */
  async flushed(): Promise<void> {
    if (!this.#isPending) return;
    this.#pause.wake();
    await new Promise<void>((resolve) => this.#onWritten.push(resolve));
  }

  /** Resolves once what was saved is on disk, or could not be written. */
  async close(): Promise<void> {
    this.#pause.wake();
    while (this.#writing !== undefined) await this.#writing;
  }

  async #writeAll(): Promise<void> {
    await this.#pause.sleep(firstPauseMs, forEver);
    while (this.#waiting !== undefined) {
      const kept = this.#waiting;
      this.#waiting = undefined;
      try {
        await this.#write(formatState(kept, this.#options.host));
        if (this.#waiting === undefined) this.#forgetUnsaved();
        this.#options.onWriteError(undefined);
      } catch (error) {
        this.#options.onWriteError(error instanceof Error ? error : new Error(String(error)));
      }
      if (this.#waiting === undefined) this.#endPending();
      // Somebody waits for what has been saved meanwhile.
      if (this.#onWritten.length === 0) await this.#pause.sleep(this.#options.intervalMs ?? 20, forEver);
    }
    this.#writing = undefined;
  }

  #forgetUnsaved(): void {
    if (this.#unsaved !== 'passing') return;
    rmSync(this.#path('unsaved'), { force: true });
    this.#unsaved = 'absent';
  }

  #endPending(): void {
    this.#isPending = false;
    for (const resolve of this.#onWritten.splice(0)) resolve();
  }

  async #write(text: string): Promise<void> {
    const [current, previous, fresh] = [
      this.#path('state.json'),
      this.#path('previous.json'),
      this.#path('state.json.new'),
    ];
    const file = await open(fresh, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    if (this.#isCurrentWhole) {
      // A second name first, so that the newest state is never without one.
      await rm(`${previous}.new`, { force: true });
      await link(current, `${previous}.new`);
      await rename(`${previous}.new`, previous);
    }
    await rename(fresh, current);
    this.#isCurrentWhole = true;
    const folder = await open(this.#options.folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  #path(name: string): string {
    return path.join(this.#options.folder, name);
  }
}
