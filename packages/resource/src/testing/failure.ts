import { Code, ConnectError } from '@connectrpc/connect';
import { errorDetails } from '@portcullis/api';

/** How a call failed, readable. */
export interface Failure {
  readonly code: string;
  readonly reason: string | undefined;
  /** Field and reason. */
  readonly violations: readonly string[];
  readonly resources: readonly string[];
  readonly subjects: readonly string[];
  /** Which request of a batch failed. */
  readonly request: string | undefined;
  readonly message: string;
}

/** Throws when the call does not fail, or fails with anything but an API error. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const error = await call.then(
    (answer) => new Error(`the call did not fail: ${JSON.stringify(answer, bigintText)}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConnectError)) throw error;
  const { ErrorInfoSchema, BadRequestSchema, ResourceInfoSchema, PreconditionFailureSchema } = errorDetails;
  return {
    code: Code[error.code] ?? '',
    reason: error.findDetails(ErrorInfoSchema)[0]?.reason,
    violations: error
      .findDetails(BadRequestSchema)
      .flatMap(({ fieldViolations }) => fieldViolations.map(({ field, reason }) => `${field} ${reason}`)),
    resources: error.findDetails(ResourceInfoSchema).map(({ resourceName }) => resourceName),
    subjects: error
      .findDetails(PreconditionFailureSchema)
      .flatMap(({ violations }) => violations.map(({ subject }) => subject)),
    request: error.findDetails(ErrorInfoSchema)[0]?.metadata.request,
    message: error.rawMessage,
  };
}

function bigintText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
