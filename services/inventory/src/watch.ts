import type { MessageInitShape } from '@bufbuild/protobuf';
import { type inventoryV1, parseRevisionToken } from '@portcullis/api';
import { invalidArgument } from '@portcullis/rpc';
import { type Wording, watchStore } from '@portcullis/store/resource';
import { hosts, networks, nicBindings, nics, vmInstances } from './documents.js';
import type { Handlers } from './handlers.js';
import { type Dependencies, revisionToken } from './store-access.js';

type ResourceInit = MessageInitShape<typeof inventoryV1.ResourceSchema>;
type RemovalInit = MessageInitShape<typeof inventoryV1.RemovalSchema>;

/** Kinds in the order of a snapshot: what is named comes before what names it. */
const wording: Record<string, Wording<ResourceInit, RemovalInit>> = {
  [networks.kind]: {
    put: (body) => ({ resource: { case: 'network', value: networks.decode(body) } }),
    removal: (value) => ({ removed: { case: 'network', value } }),
  },
  [hosts.kind]: {
    put: (body) => ({ resource: { case: 'host', value: hosts.decode(body) } }),
    removal: (value) => ({ removed: { case: 'host', value } }),
  },
  [vmInstances.kind]: {
    put: (body) => ({ resource: { case: 'vmInstance', value: vmInstances.decode(body) } }),
    removal: (value) => ({ removed: { case: 'vmInstance', value } }),
  },
  [nics.kind]: {
    put: (body) => ({ resource: { case: 'nic', value: nics.decode(body) } }),
    removal: (value) => ({ removed: { case: 'nic', value } }),
  },
  [nicBindings.kind]: {
    put: (body) => ({ resource: { case: 'nicBinding', value: nicBindings.decode(body) } }),
    removal: (value) => ({ removed: { case: 'nicBinding', value } }),
  },
};

export function watch({ store, closing }: Dependencies): Handlers['watch'] {
  return async function* ({ resumeToken }, { signal }) {
    yield* watchStore(store, {
      wording,
      after: resumeRevision(resumeToken, store.epoch),
      formatToken: (revision) => revisionToken(store, revision),
      signal: AbortSignal.any([signal, closing]),
    });
  };
}

/** Where to resume; undefined for the beginning, also for a token of a store that was replaced. */
function resumeRevision(token: string, epoch: string): number | undefined {
  if (token === '') return undefined;
  const parsed = parseRevisionToken(token);
  if (parsed?.service !== 'inventory') {
    const description = 'is not a revision token of inventory';
    throw invalidArgument([{ field: 'resume_token', reason: 'REVISION_TOKEN_MALFORMED', description }]);
  }
  return parsed.epoch === epoch ? parsed.revision : undefined;
}
