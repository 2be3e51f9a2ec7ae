import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Lab } from '@portcullis/testing';

const program = fileURLToPath(new URL('traffic.pl', import.meta.url));

/** Makes and takes the packets of one VM: a process that answers each command by one line. */
export class Traffic {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #errors = '';

  constructor(lab: Lab, vm: string) {
    this.#child = lab.spawnInNamespace(lab.vmNamespace(vm), 'nice', ['-n', '-20', 'perl', program]);
    const { stdout, stderr } = this.#child;
    if (stdout === null) throw new Error('a process has no standard output');
    this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
    stderr?.on('data', (text) => {
      this.#errors += String(text);
    });
  }

  async tell(command: string): Promise<string> {
    this.#child.stdin?.write(`${command}\n`);
    const answer = await this.#answers.next();
    if (answer.done) throw new Error(`${command}: ${this.#errors}`);
    return answer.value;
  }

  /** The seconds that a command took. */
  async time(command: string): Promise<number> {
    return Number(await this.tell(command));
  }

  close(): void {
    this.#child.stdin?.end();
  }
}
