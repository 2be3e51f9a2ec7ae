import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** One JSON object per line, on standard error unless told otherwise: standard output belongs to what a program answers. */
export function createLogger(
  name: string,
  { level = 'info', destination }: { level?: LogLevel; destination?: DestinationStream } = {},
): Logger {
  const options = { name, level, timestamp: pino.stdTimeFunctions.isoTime };
  return pino(options, destination ?? pino.destination({ fd: 2, sync: true }));
}
