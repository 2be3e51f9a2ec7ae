import { checkCount, Violations } from '@portcullis/store/resource';
import { refuse } from '../api-errors.js';
import type { Commit, MutatingRequest } from '../mutations.js';
import { GatheredWrites } from './gathered-writes.js';
import type { Operation } from './operation.js';
import { checkInProject, checkProject } from './project.js';
import { RequestFailed } from './request-failed.js';

/** Requests or names in one batch. */
export const maxBatch = 500;

interface BatchRequest<Request> extends MutatingRequest {
  /** projects/{project}; absent where the resources are in none. */
  readonly parent?: string;
  readonly requests: readonly Request[];
}

export interface Batch<Request, Result, Answer> {
  /** The field of a request that says which project it is of, and what it says; absent where the resources are in none. */
  readonly subject?: readonly [field: string, nameOf: (request: Request) => string | undefined];
  /** `results` are in the order of the requests. */
  readonly answer: (results: Result[]) => Answer;
}

/**
 * The handler of the call for many resources: the operation of each request, one after the other, in one transaction, all or
 * none. Requests see what those before them have made. Throws INVALID_ARGUMENT with everything that is wrong with all of them,
 * else the error of one that fails, which says which it is.
 */
export function batch<Request extends MutatingRequest, Result, Answer extends object>(
  commit: Commit,
  operation: Operation<Request, Result>,
  { subject, answer }: Batch<Request, Result, Answer>,
): (request: BatchRequest<Request>) => Promise<Answer & { revisionToken: string }> {
  return async (request) => {
    const { parent, requests } = request;
    const violations = new Violations();
    if (parent !== undefined) checkProject(violations, parent);
    checkCount(violations, 'requests', requests.length, { min: 1, max: maxBatch });
    if (requests.length > maxBatch) refuse(violations);
    const steps = requests.map((each, i) => {
      const place = `requests[${i}]`;
      checkNested(violations, place, each);
      if (subject && parent !== undefined) {
        const [field, nameOf] = subject;
        checkInProject(violations, { field: `${place}.${field}`, name: nameOf(each) ?? '', parent });
      }
      const found = violations.within(place);
      return { place, found, work: operation(found, each) };
    });
    return commit(request, async (tx) => {
      const results: Result[] = [];
      const gathered = new GatheredWrites(tx);
      for (const { place, found, work } of steps) {
        if (found.any) continue;
        gathered.place = place;
        try {
          results.push(await work(gathered));
        } catch (error) {
          // Once something is wrong with a request, the others only tell what is wrong with them: nothing will be committed.
          if (!violations.any) throw error instanceof RequestFailed ? error : new RequestFailed(place, error);
        }
      }
      refuse(violations);
      await gathered.writeAll();
      return answer(results);
    });
  };
}

function checkNested(violations: Violations, place: string, { requestId, validateOnly }: MutatingRequest): void {
  const description = 'is said of the batch as a whole';
  if (requestId !== '') violations.add(`${place}.request_id`, 'FIELD_NOT_SETTABLE', description);
  if (validateOnly) violations.add(`${place}.validate_only`, 'FIELD_NOT_SETTABLE', description);
}
