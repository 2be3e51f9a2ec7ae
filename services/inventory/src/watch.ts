import type { MessageInitShape } from '@bufbuild/protobuf';
import type { inventoryV1 } from '@portcullis/api';
import { type Wording, watchStore } from '@portcullis/store/resource';
import type { Dependencies } from './dependencies.js';
import { hosts, networks, nicBindings, nics, vmInstances } from './documents.js';
import type { Handlers } from './handlers.js';

type ResourceInit = MessageInitShape<typeof inventoryV1.ResourceSchema>;
type RemovalInit = MessageInitShape<typeof inventoryV1.RemovalSchema>;

/** Kinds in the order of a snapshot: what is named comes before what names it. */
const wording: Record<string, Wording<ResourceInit, RemovalInit>> = {
  [networks.kind]: {
    put: (body) => ({ resource: { case: 'network', value: networks.view(body) } }),
    removal: (value) => ({ removed: { case: 'network', value } }),
  },
  [hosts.kind]: {
    put: (body) => ({ resource: { case: 'host', value: hosts.view(body) } }),
    removal: (value) => ({ removed: { case: 'host', value } }),
  },
  [vmInstances.kind]: {
    put: (body) => ({ resource: { case: 'vmInstance', value: vmInstances.view(body) } }),
    removal: (value) => ({ removed: { case: 'vmInstance', value } }),
  },
  [nics.kind]: {
    put: (body) => ({ resource: { case: 'nic', value: nics.view(body) } }),
    removal: (value) => ({ removed: { case: 'nic', value } }),
  },
  [nicBindings.kind]: {
    put: (body) => ({ resource: { case: 'nicBinding', value: nicBindings.view(body) } }),
    removal: (value) => ({ removed: { case: 'nicBinding', value } }),
  },
};

export function watch({ store, revisions, closing }: Dependencies): Handlers['watch'] {
  return async function* ({ resumeToken }, { signal }) {
    yield* watchStore(store, {
      wording,
      after: revisions.resumeAfter(resumeToken),
      formatToken: (revision) => revisions.tokenOf(revision),
      signal: AbortSignal.any([signal, closing]),
    });
  };
}
