import { ConnectError } from '@connectrpc/connect';
import { errorDetails } from '@portcullis/api';
import { type Failure, failureOf as failureInGeneral } from '@portcullis/resource/testing';

/** How a call failed, with what it says of quotas. */
export async function failureOf(call: Promise<unknown>): Promise<Failure & { readonly quotas: readonly string[] }> {
  const failure = await failureInGeneral(call);
  const error = await call.catch(ConnectError.from);
  const found = (error as ConnectError).findDetails(errorDetails.QuotaFailureSchema);
  const quotas = found.flatMap(({ violations }) => violations.map((each) => `${each.subject} ${each.description}`));
  return { ...failure, quotas };
}
