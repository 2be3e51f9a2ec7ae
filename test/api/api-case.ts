import type { Clients, SuiteUnderTest } from './suite-under-test.js';
import type { Things } from './things.js';

type CallOf<Service extends keyof Clients> = `${Service}.${keyof Clients[Service] & string}`;

/** `policy.createSecurityGroup` */
export type Call = CallOf<'policy'> | CallOf<'inventory'> | CallOf<'dispatch'> | CallOf<'enforce'>;

/** How a call must fail. What is left out is not compared, but `violations`: none where none are named. */
export interface Failing {
  readonly code: string;
  /** Of `ErrorInfo`. */
  readonly reason: string;
  /** Field and reason, of `BadRequest`. */
  readonly violations?: readonly string[];
  /** Of `ResourceInfo`. */
  readonly resources?: readonly string[];
  /** Of `PreconditionFailure`. */
  readonly subjects?: readonly string[];
  /** Of `QuotaFailure`: subject and description. */
  readonly quotas?: readonly string[];
  /** Which request of a batch. */
  readonly request?: string;
  /** In the message. */
  readonly says?: string;
}

type Request = object | ((things: Things, suite: SuiteUnderTest) => object | Promise<object>);

/** A call that must fail in this way, and change nothing. */
export type ApiCase = readonly [what: string, call: Call, request: Request, failing: Failing];

/** What is wrong with a request: `name NAME_MALFORMED`. */
export function invalid(...violations: readonly string[]): Failing {
  return { code: 'InvalidArgument', reason: violations[0]?.split(' ')[1] ?? '', violations };
}

export function missing(...resources: readonly string[]): Failing {
  return { code: 'NotFound', reason: 'RESOURCE_NOT_FOUND', resources };
}

export function exists(resource: string, more: Partial<Failing> = {}): Failing {
  return { code: 'AlreadyExists', reason: 'RESOURCE_ALREADY_EXISTS', resources: [resource], ...more };
}

export function blocked(reason: string, ...subjects: readonly string[]): Failing {
  return { code: 'FailedPrecondition', reason, subjects };
}

export const changedSince: Failing = { code: 'Aborted', reason: 'ETAG_MISMATCH' };

export function overQuota(subject: string, description: string): Failing {
  return {
    code: 'ResourceExhausted',
    reason: 'QUOTA_EXCEEDED',
    quotas: [`${subject} ${description}`],
    says: `${subject} ${description}`,
  };
}
