import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { errorDetails } from '@portcullis/api';

/** One field that is wrong: where in the request, in proto names (`security_group_rule.start_port`), and why. */
export interface FieldViolation {
  readonly field: string;
  /** UPPER_SNAKE, for programs. */
  readonly reason: string;
  /** For people. */
  readonly description: string;
}

interface Detail<Desc extends DescMessage = DescMessage> {
  readonly desc: Desc;
  readonly value: MessageInitShape<Desc>;
}

/**
 * The one kind of error that reaches callers: a gRPC code, a message for people, and details that every language's
 * client reads (google.rpc). `reason` is UPPER_SNAKE and stable; docs/errors.md lists them all.
 */
function apiError(code: Code, reason: string, message: string, options: ErrorOptions = {}): ConnectError {
  const info: Detail<typeof errorDetails.ErrorInfoSchema> = {
    desc: errorDetails.ErrorInfoSchema,
    value: { reason, domain: 'portcullis', metadata: options.metadata ?? {} },
  };
  return new ConnectError(message, code, undefined, [info, ...(options.details ?? [])] as never);
}

interface ErrorOptions {
  readonly metadata?: Record<string, string>;
  readonly details?: readonly Detail[];
}

/**
 * Errors travel in trailers, whose room is small: more, or longer, would cost the caller the whole list. In items, characters
 * of a text, and bytes of a list, which together with the `ErrorInfo` beside it is what `formatStatus` leaves to details.
 */
const maxViolations = 12;
const maxDescriptionLength = 160;
const maxListBytes = 2800;

/** Of an item, and of each text in it: a tag and a length. */
const framingBytes = 2;

/** INVALID_ARGUMENT with a `BadRequest` that names each field, as many as fit. `violations` holds at least one. */
export function invalidArgument(violations: readonly FieldViolation[]): ConnectError {
  const short = violations.slice(0, maxViolations).map(({ field, reason, description }) => ({
    field: shorten(field),
    reason,
    description: shorten(description),
  }));
  const shown = fitting(short);
  const hiddenCount = violations.length - shown.length;
  const lines = shown.map(({ field, description }) => `${field}: ${description}`);
  const message = [...lines, ...(hiddenCount > 0 ? [`and ${hiddenCount} more`] : [])].join('; ');
  const value = { fieldViolations: shown };
  const details = [{ desc: errorDetails.BadRequestSchema, value }];
  return apiError(Code.InvalidArgument, violations[0]?.reason ?? 'INVALID_ARGUMENT', message, { details });
}

/** NOT_FOUND. `resource` is the resource name that was asked for. */
export function notFound(resource: string): ConnectError {
  return resourceError(Code.NotFound, 'RESOURCE_NOT_FOUND', resource, `${resource} does not exist`);
}

/** ALREADY_EXISTS. `resource` is the name of what exists. */
export function alreadyExists(resource: string, message = `${resource} exists already`): ConnectError {
  return resourceError(Code.AlreadyExists, 'RESOURCE_ALREADY_EXISTS', resource, message);
}

/** One thing that stands in the way: its resource name and why. */
export interface Obstacle {
  readonly subject: string;
  readonly description: string;
}

/** FAILED_PRECONDITION with a `PreconditionFailure` that lists what stands in the way, as much of it as fits. */
export function failedPrecondition(reason: string, message: string, obstacles: readonly Obstacle[]): ConnectError {
  const value = { violations: fitting(obstacles.map((obstacle) => ({ type: reason, ...obstacle }))) };
  const details = [{ desc: errorDetails.PreconditionFailureSchema, value }];
  return apiError(Code.FailedPrecondition, reason, message, { details });
}

/** UNAVAILABLE: worth another attempt later. */
export function unavailable(reason: string, message: string): ConnectError {
  return apiError(Code.Unavailable, reason, message);
}

/** RESOURCE_EXHAUSTED: a limit was reached. */
export function resourceExhausted(reason: string, message: string): ConnectError {
  return apiError(Code.ResourceExhausted, reason, message);
}

/** RESOURCE_EXHAUSTED with a `QuotaFailure` that names whose quota is used up. */
export function quotaExceeded(message: string, failures: readonly Obstacle[]): ConnectError {
  const details = [{ desc: errorDetails.QuotaFailureSchema, value: { violations: [...failures] } }];
  return apiError(Code.ResourceExhausted, 'QUOTA_EXCEEDED', message, { details });
}

/** UNAUTHENTICATED: nobody knows who calls. */
export function unauthenticated(reason: string, message: string): ConnectError {
  return apiError(Code.Unauthenticated, reason, message);
}

/** PERMISSION_DENIED. `subject`: which field of the request names what the caller has no permission for. */
export function permissionDenied(message: string, subject: Readonly<Record<string, string>> = {}): ConnectError {
  const metadata = Object.fromEntries(Object.entries(subject).map(([key, value]) => [key, shorten(value)]));
  return apiError(Code.PermissionDenied, 'PERMISSION_DENIED', shorten(message), { metadata });
}

/** ABORTED: the caller lost a race and may begin again. */
export function aborted(reason: string, message: string): ConnectError {
  return apiError(Code.Aborted, reason, message);
}

/** What any thrown thing becomes on the wire. Anything but an API error is a defect: the caller learns no more than that. */
export function toApiError(thrown: unknown): ConnectError {
  if (thrown instanceof ConnectError) return thrown;
  return apiError(Code.Internal, 'INTERNAL', 'internal error');
}

/** The first items, by their bytes; one in any case. */
function fitting<Item extends object>(items: readonly Item[]): Item[] {
  let room = maxListBytes;
  return items.filter((item, i) => {
    const texts: string[] = Object.values(item);
    room -= texts.reduce((sum, text) => sum + framingBytes + Buffer.byteLength(text), framingBytes);
    return i === 0 || room >= 0;
  });
}

function shorten(text: string): string {
  return text.length <= maxDescriptionLength ? text : `${text.slice(0, maxDescriptionLength - 1)}…`;
}

function resourceError(code: Code, reason: string, resourceName: string, message: string): ConnectError {
  const details = [{ desc: errorDetails.ResourceInfoSchema, value: { resourceName, description: message } }];
  return apiError(code, reason, message, { metadata: { resource: resourceName }, details });
}
