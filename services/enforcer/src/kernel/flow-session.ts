import type { Launcher } from './exec.js';
import { ToolError } from './tool-error.js';
import { ToolSession } from './tool-session.js';

/** From this version of conntrack-tools on one list has both families. The kernel's table is walked once for each list. */
const listsBothSince = [1, 4, 7] as const;
const listed = /(\d+) flow entries have been shown/g;

/** From so many flows on, to write each line at once takes longer than to wait for the program's end. */
const many = 5000;

/**
 * `conntrack -L`, started by a small program that is kept running (`xargs`): to start a program copies the page tables of the
 * process that does so, which takes this one, and all that waits for it, longer than the list itself.
 *
 * Nor is its end waited for: with nf_tables that takes until the kernel has let go of the rules that went last, some 10 ms
 * or more. It says how many flows it has shown, and where they are few it is made to write each line at once.
 *
 * Owns: these programs. Does not own: what the lines mean.
 * Invariant: what was not listed to its end is an error.
 */
export class FlowSession {
  readonly #ofFew: ToolSession;
  readonly #ofMany: ToolSession;
  /** Undefined before the program has said of which version it is. */
  #listsBoth: boolean | undefined;
  #lastCount = 0;

  constructor(launcher: Launcher) {
    const argv = ['xargs', '-L', '1', 'conntrack'];
    this.#ofFew = new ToolSession({ launcher, argv });
    this.#ofMany = new ToolSession({ launcher, argv, answersAtEnd: true });
  }

  /** Gives each flow that is tracked, as a line. */
  async read(onLine: (line: string) => void): Promise<void> {
    const lists = this.#listsBoth ? ['-L'] : ['-L -f ipv4', '-L -f ipv6'];
    let lineCount = 0;
    const isAnswer = (line: string) => {
      const version = /^conntrack v([\d.]+)/.exec(line)?.[1];
      if (version !== undefined) {
        this.#listsBoth = isSince(version.split('.').map(Number));
        return true;
      }
      lineCount += 1;
      onLine(line);
      return false;
    };
    const isEnough = (said: string) => {
      if (this.#listsBoth === undefined) return false;
      const counts = [...said.matchAll(listed)].map(([, count]) => Number(count));
      return counts.length === lists.length && counts.reduce((sum, count) => sum + count) === lineCount;
    };
    const session = this.#lastCount < many ? this.#ofFew : this.#ofMany;
    const said = await session.sendUntil(`${lists.join('\n')}\n--version\n`, isAnswer, isEnough);
    const complaints = said.split('; ').filter((each) => each.search(listed) < 0);
    if (complaints.length > 0 || said.split('; ').length < lists.length) {
      throw new ToolError('refused', `conntrack: ${complaints.join('; ') || 'ended early'}`);
    }
    this.#lastCount = lineCount;
  }

  async close(): Promise<void> {
    await Promise.all([this.#ofFew.close(), this.#ofMany.close()]);
  }
}

function isSince(version: readonly number[]): boolean {
  const at = listsBothSince.findIndex((part, i) => (version[i] ?? 0) !== part);
  return at < 0 || (version[at] ?? 0) > (listsBothSince[at] ?? 0);
}
