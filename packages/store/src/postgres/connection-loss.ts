/** SQLSTATEs of a server that cannot answer for now (PostgreSQL manual, appendix A). */
const sqlStates = /^(08...|53...|57P0[1-5]|57014|55P03|25P03|25006|40001|40P01)$/;

/** Errors of the socket, of name resolution, and those that pg throws without a code. */
const socketErrors = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
const messages =
  /Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|not queryable|Client was closed/;

/** Whether an error means that the server is out of reach, starting, stopping or overloaded, rather than a defect. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return sqlStates.test(code) || socketErrors.has(code) || messages.test(error.message);
}
