import type { Launcher } from './exec.js';
import { ToolError } from './tool-error.js';
import { ToolSession } from './tool-session.js';

/** From this version of conntrack-tools on one list has both families. The kernel's table is walked once for each list. */
const listsBothSince = [1, 4, 7] as const;
const listed = /\d+ flow entries have been shown/;

/**
 * `conntrack -L`, started by a small program that is kept running (`xargs`): to start a program copies the page tables of the
 * process that does so, which takes this one, and all that waits for it, longer than the list itself.
 *
 * Owns: that program. Does not own: what the lines mean.
 * Invariant: what was not listed to its end is an error.
 */
export class FlowSession {
  readonly #session: ToolSession;
  #listsBoth = false;

  constructor(launcher: Launcher) {
    this.#session = new ToolSession({ launcher, argv: ['xargs', '-L', '1', 'conntrack'], answersAtEnd: true });
  }

  /** Gives each flow that is tracked, as a line. */
  async read(onLine: (line: string) => void): Promise<void> {
    const lists = this.#listsBoth ? ['-L'] : ['-L -f ipv4', '-L -f ipv6'];
    let version = '';
    const said = await this.#session.send(`${lists.join('\n')}\n--version\n`, (line) => {
      version = /^conntrack v([\d.]+)/.exec(line)?.[1] ?? '';
      if (version === '') onLine(line);
      return version !== '';
    });
    const complaints = said.split('; ').filter((each) => !listed.test(each));
    if (complaints.length > 0 || said.split('; ').length < lists.length) {
      throw new ToolError('refused', `conntrack: ${complaints.join('; ') || 'ended early'}`);
    }
    this.#listsBoth = isSince(version.split('.').map(Number));
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}

function isSince(version: readonly number[]): boolean {
  const at = listsBothSince.findIndex((part, i) => (version[i] ?? 0) !== part);
  return at < 0 || (version[at] ?? 0) > (listsBothSince[at] ?? 0);
}
