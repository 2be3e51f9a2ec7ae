import type { Transaction } from '@portcullis/store';
import { Violations } from '@portcullis/store/resource';
import { refuse } from '../api-errors.js';
import type { Commit, MutatingRequest } from '../mutations.js';

/**
 * What a call does to one resource, alone or in a batch: reads the request, adds everything that is wrong with it, and returns
 * what is left to be done in a transaction. What only the transaction can tell is added there, and refused before anything is
 * written.
 */
export type Operation<Request, Result> = (
  violations: Violations,
  request: Request,
) => (transaction: Transaction) => Promise<Result>;

/** The handler of the call for one resource. */
export function once<Request extends MutatingRequest, Result, Answer extends object>(
  commit: Commit,
  operation: Operation<Request, Result>,
  answer: (result: Result) => Answer,
): (request: Request) => Promise<Answer & { revisionToken: string }> {
  return async (request) => {
    const violations = new Violations();
    const work = operation(violations, request);
    refuse(violations);
    return commit(request, async (tx) => answer(await work(tx)));
  };
}
