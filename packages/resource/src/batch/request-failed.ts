import { ConnectError } from '@connectrpc/connect';
import { errorDetails } from '@portcullis/api';

/** One request of a batch failed, so all did. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';

  /** `place` is the path of the request in the batch. */
  constructor(
    readonly place: string,
    override readonly cause: unknown,
  ) {
    super(`${place} failed`, { cause });
  }

  /** An error of the API with its details, which says in its message and its `ErrorInfo` which request it is about. */
  named(error: unknown): unknown {
    if (!(error instanceof ConnectError)) return error;
    const named = new ConnectError(`${this.place}: ${error.rawMessage}`, error.code, error.metadata);
    named.details = error.details.map((detail) => {
      if (!('desc' in detail) || detail.desc.typeName !== errorDetails.ErrorInfoSchema.typeName) return detail;
      const info = detail.value as { metadata?: Record<string, string> };
      return { desc: detail.desc, value: { ...info, metadata: { ...info.metadata, request: this.place } } };
    });
    return named;
  }
}
