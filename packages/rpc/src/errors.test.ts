import { Code, type ConnectError } from '@connectrpc/connect';
import { errorDetails } from '@portcullis/api';
import { expect, it } from 'vitest';
import {
  aborted,
  alreadyExists,
  failedPrecondition,
  invalidArgument,
  notFound,
  resourceExhausted,
  toApiError,
  unavailable,
} from './errors.js';

const violation = { field: 'name', reason: 'MALFORMED', description: 'is no name' };

it.each<[ConnectError, Code, string, string]>([
  [invalidArgument([violation]), Code.InvalidArgument, 'MALFORMED', 'name: is no name'],
  [notFound('hosts/h'), Code.NotFound, 'RESOURCE_NOT_FOUND', 'hosts/h does not exist'],
  [alreadyExists('hosts/h'), Code.AlreadyExists, 'RESOURCE_ALREADY_EXISTS', 'hosts/h exists already'],
  [failedPrecondition('IN_USE', 'in use', []), Code.FailedPrecondition, 'IN_USE', 'in use'],
  [unavailable('LATER', 'call later'), Code.Unavailable, 'LATER', 'call later'],
  [resourceExhausted('FULL', 'full'), Code.ResourceExhausted, 'FULL', 'full'],
  [aborted('LOST', 'lost a race'), Code.Aborted, 'LOST', 'lost a race'],
  [toApiError(new Error('secret')), Code.Internal, 'INTERNAL', 'internal error'],
])('%s', (error, code, reason, message) => {
  expect(error).toMatchObject({ code, rawMessage: message });
  expect(error.findDetails(errorDetails.ErrorInfoSchema)).toMatchObject([{ reason, domain: 'portcullis' }]);
});

it('every violation is named, up to twelve, and the rest counted', () => {
  const violations = Array.from({ length: 20 }, (_, i) => ({ ...violation, field: `f${i}` }));
  const error = invalidArgument(violations);
  expect(error.findDetails(errorDetails.BadRequestSchema)[0]?.fieldViolations).toHaveLength(12);
  expect(error.rawMessage).toMatch(/^f0: is no name; .*f11: is no name; and 8 more$/);
});

it('what stands in the way is named', () => {
  const error = failedPrecondition('IN_USE', 'in use', [{ subject: 'nics/n', description: 'is a member' }]);
  expect(error.findDetails(errorDetails.PreconditionFailureSchema)).toMatchObject([
    { violations: [{ type: 'IN_USE', subject: 'nics/n', description: 'is a member' }] },
  ]);
});

it('an API error stays what it is', () => {
  const error = notFound('hosts/h');
  expect(toApiError(error)).toBe(error);
});

it('a list has as many items as a trailer takes, however many bytes their characters have', () => {
  const violations = Array.from({ length: 12 }, (_, i) => ({ ...violation, description: `${i} ${'語'.repeat(200)}` }));
  const { details, rawMessage } = invalidArgument(violations);
  const [named] = invalidArgument(violations).findDetails(errorDetails.BadRequestSchema);
  expect(named?.fieldViolations).toHaveLength(5);
  expect(rawMessage).toMatch(/and 7 more$/);
  expect(details).toHaveLength(2);
  const obstacles = violations.map(({ field: subject, description }) => ({ subject, description }));
  const [listed] = failedPrecondition('IN_USE', 'in use', obstacles).findDetails(
    errorDetails.PreconditionFailureSchema,
  );
  expect(listed?.violations).toHaveLength(4);
});
