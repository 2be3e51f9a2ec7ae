import { inventoryV1 } from '@portcullis/api';
import { awaitMinRevision, fromStore, Mutations, Revisions } from '@portcullis/resource';
import { type OpenService, serviceOf } from '@portcullis/rpc';
import type { Logger } from '@portcullis/runtime';
import type { ClaimTaken, Store } from '@portcullis/store';
import { translateErrors } from '@portcullis/store/resource';

import { exportProject } from './export/export-project.js';
import type { Handlers } from './handlers.js';
import { hostHandlers } from './host/host-handlers.js';
import { networkHandlers } from './network/network-handlers.js';
import { nicHandlers } from './nic/nic-handlers.js';
import { nicBindingHandlers } from './nic-binding/nic-binding-handlers.js';
import { vmInstanceHandlers } from './vm-instance/vm-instance-handlers.js';
import { watch } from './watch.js';

export interface InventoryOptions {
  /** Stays open when the service closes: it belongs to whoever opened it. */
  readonly store: Store;
  readonly log: Logger;
  readonly now?: () => Date;
}

/** What exists and where: networks, hosts, VM instances, NICs and their bindings. */
export async function openInventory({ store, now = () => new Date() }: InventoryOptions): Promise<OpenService> {
  const stop = new AbortController();
  const revisions = new Revisions('inventory', store);
  const mutations = new Mutations({ store, service: inventoryV1.InventoryService, revisions, now });
  const dependencies = { store, commit: mutations.commit, revisions, now, closing: stop.signal };
  const claimed = ({ claim, holder }: ClaimTaken) => `${claim} belongs to ${holder.name}`;
  const translate = fromStore({ service: 'inventory', claimed });
  const handlers: Handlers = {
    ...networkHandlers(dependencies),
    ...hostHandlers(dependencies),
    ...vmInstanceHandlers(dependencies),
    ...nicHandlers(dependencies),
    ...nicBindingHandlers(dependencies),
    exportProject: exportProject(dependencies),
    watch: watch(dependencies),
  };
  const conventional = awaitMinRevision(mutations.wrap(handlers), {
    store,
    service: inventoryV1.InventoryService,
    revisions,
  });
  return {
    registrations: [serviceOf(inventoryV1.InventoryService, translateErrors(conventional, translate))],
    ready: () => !stop.signal.aborted,
    close: async () => stop.abort(),
  };
}
