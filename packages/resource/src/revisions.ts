import { formatRevisionToken, parseRevisionToken } from '@portcullis/api';
import { invalidArgument } from '@portcullis/rpc';
import type { Store } from '@portcullis/store';

/** The revisions of the store of one service, as tokens. */
export class Revisions {
  readonly #service: 'policy' | 'inventory';
  readonly #epoch: string;

  constructor(service: 'policy' | 'inventory', { epoch }: Store) {
    this.#service = service;
    this.#epoch = epoch;
  }

  tokenOf(revision: number): string {
    return formatRevisionToken({ service: this.#service, epoch: this.#epoch, revision });
  }

  /** Where a watch resumes; undefined for the beginning, also for a token of a store that was replaced. */
  resumeAfter(token: string): number | undefined {
    return token === '' ? undefined : this.read('resume_token', token);
  }

  /** The revision of a token; undefined when it is of a store that was replaced. Throws INVALID_ARGUMENT. */
  read(field: string, token: string): number | undefined {
    const parsed = parseRevisionToken(token);
    if (parsed?.service !== this.#service) {
      const description = `is not a revision token of ${this.#service}`;
      throw invalidArgument([{ field, reason: 'REVISION_TOKEN_MALFORMED', description }]);
    }
    return parsed.epoch === this.#epoch ? parsed.revision : undefined;
  }
}
