import { createInterface } from 'node:readline';
import type { Launcher, RunningTool } from './exec.js';
import { complaintOf, failureOf, ToolError } from './tool-error.js';

export interface SessionOptions {
  readonly launcher: Launcher;
  /** A program that answers, line by line, on its standard output. */
  readonly argv: readonly string[];
  /** It writes what it has to say when it has much, or at its end. Default: it is made to write each line at once. */
  readonly answersAtEnd?: boolean;
  /** Longest wait for an answer. Default: 60 000 ms. */
  readonly timeoutMs?: number;
}

interface Exchange {
  readonly isAnswer: (line: string) => boolean;
  resolve(complaint: string): void;
  reject(error: ToolError): void;
}

/**
 * A tool that is kept running and fed through its standard input, because to start it costs more than its work.
 *
 * Owns: one child process, started at the first exchange and again after it has ended.
 * Does not own: what the text means.
 * Invariants: 1. One exchange at a time. 2. What the tool said on standard error before its answer belongs to that
 * exchange. 3. A process that failed, or did not answer in time, is not used again.
 */
export class ToolSession {
  readonly #options: SessionOptions;
  #child: RunningTool | undefined;
  #exchange: Exchange | undefined;
  #complaints = '';
  /** Called whenever the tool has said something. */
  #onSaid: () => void = () => undefined;
  /** Resolves once what nobody waited for has come. */
  #rest: Promise<unknown> = Promise.resolve();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /**
   * Sends text, waits for the line that answers it, and returns what the tool complained about meanwhile. `isAnswer` is shown
   * each line up to that one.
   */
  async send(text: string, isAnswer: (line: string) => boolean): Promise<string> {
    if (this.#exchange !== undefined) throw new Error('a tool was given two texts at once');
    this.#child ??= this.#start();
    this.#complaints = '';
    const child = this.#child;
    const { timeoutMs = 60_000 } = this.#options;
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    try {
      const answered = new Promise<string>((resolve, reject) => {
        this.#exchange = { isAnswer, resolve, reject };
      });
      child.stdin.write(text);
      return await answered;
    } finally {
      clearTimeout(timer);
      this.#exchange = undefined;
    }
  }

  /**
   * The same for who need not wait for the answer: whenever the tool has said something, `isEnough` is shown what came on
   * standard error. The next text is sent once the answer has come.
   */
  async sendUntil(
    text: string,
    isAnswer: (line: string) => boolean,
    isEnough: (said: string) => boolean,
  ): Promise<string> {
    await this.#rest;
    const answered = this.send(text, isAnswer);
    this.#rest = answered.catch(() => undefined);
    const enough = new Promise<string>((resolve) => {
      this.#onSaid = () => {
        if (isEnough(this.#complaints)) resolve(complaintOf(this.#complaints));
      };
    });
    return Promise.race([answered, enough]);
  }

  /** Ends the process, after what it was told has been done. */
  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(timer);
  }

  #start(): RunningTool {
    const { launcher, argv, answersAtEnd = false } = this.#options;
    // Without a terminal the C library would keep the answers back until a buffer is full.
    const child = launcher.start(answersAtEnd ? argv : ['stdbuf', '-oL', ...argv]);
    child.stderr.on('data', (chunk: Buffer) => {
      if (this.#complaints.length < 65_536) this.#complaints += chunk.toString();
      if (this.#child === child) this.#onSaid();
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (this.#child !== child || this.#exchange === undefined) return;
      if (this.#exchange.isAnswer(line)) this.#answer(this.#exchange);
      this.#onSaid();
    });
    child.once('error', (error) => this.#end(child, undefined, error.message));
    child.once('close', (status, signal) => this.#end(child, status ?? undefined, signal ?? ''));
    return child;
  }

  /**
   * The tool wrote its complaints before its answer, but the answer may have been read first. Everything written before
   * is read in the next turn of the event loop: the second immediate runs after it.
   */
  #answer(exchange: Exchange): void {
    setImmediate(() => setImmediate(() => exchange.resolve(complaintOf(this.#complaints))));
  }

  #end(child: RunningTool, status: number | undefined, why: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    const complaint = complaintOf(this.#complaints) || why || `ended with status ${status}`;
    const failure = failureOf(status, this.#complaints);
    this.#exchange?.reject(new ToolError(failure, `${this.#options.argv[0]}: ${complaint}`));
  }
}
