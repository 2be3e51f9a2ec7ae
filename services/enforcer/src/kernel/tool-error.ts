/**
 * Why a tool did not do what it was told.
 *
 * - `refused`: the tool or the kernel does not accept the text; trying again is of no use.
 * - `locked`: another program held the xtables lock for longer than was waited.
 * - `broken`: the tool could not be run, or was ended; nothing is known about the text.
 */
export type ToolFailure = 'refused' | 'locked' | 'broken';

export class ToolError extends Error {
  override readonly name = 'ToolError';

  /** `line` is the line of the text that was refused, where the tool names it. */
  constructor(
    readonly failure: ToolFailure,
    message: string,
    readonly line?: string,
  ) {
    super(message);
  }
}

/** What a tool said on standard error, as one line without warnings and its advice to read the manual. */
export function complaintOf(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !/^(Try |#? ?Warning)/.test(line)).join('; ');
}

export function failureOf(status: number | undefined, stderr: string): ToolFailure {
  // What ran it, a shell or stdbuf, says with 126 and 127 that the program cannot be run.
  if (status === undefined || status === 126 || status === 127) return 'broken';
  return /xtables lock|Can't lock/.test(stderr) ? 'locked' : 'refused';
}
