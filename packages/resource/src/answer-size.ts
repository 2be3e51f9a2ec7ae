import { maxMessageBytes, resourceExhausted } from '@portcullis/rpc';

/** Refuses an answer that the caller would not take: a change that it cannot be told of is not made. Throws RESOURCE_EXHAUSTED. */
export function refuseLargeAnswer(byteCount: number): void {
  if (byteCount <= maxMessageBytes) return;
  const message = `the answer would have ${byteCount} bytes; clients take ${maxMessageBytes}: ask for less at once`;
  throw resourceExhausted('ANSWER_TOO_LARGE', message);
}
