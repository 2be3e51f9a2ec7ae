import type { Transport } from '@connectrpc/connect';
import { policyV1 } from '@portcullis/api';
import { awaitMinRevision, fromStore, Mutations, Revisions } from '@portcullis/resource';
import { type OpenService, serviceOf } from '@portcullis/rpc';
import type { Logger } from '@portcullis/runtime';
import type { Store } from '@portcullis/store';
import { translateErrors } from '@portcullis/store/resource';
import { addressGroupHandlers } from './address-group/address-group-handlers.js';
import { defaultRulesHandlers } from './default-rules/default-rules-handlers.js';
import type { Handlers } from './handlers.js';
import { Housekeeping } from './inventory/housekeeping.js';
import { inventoryClient } from './inventory/inventory-client.js';
import { membershipHandlers } from './membership/membership-handlers.js';
import { attachNetworks } from './network/attach-networks.js';
import { detachNetworks } from './network/detach-networks.js';
import { quotaHandlers } from './quota/quota-handlers.js';
import { defaultLimits, type Limits, Quotas } from './quota/quotas.js';
import { RuleExpiry } from './rule/rule-expiry.js';
import { ruleHandlers } from './rule/rule-handlers.js';
import { securityGroupHandlers } from './security-group/security-group-handlers.js';
import { exportProject } from './transfer/export-project.js';
import { importSecurityGroups } from './transfer/import-security-groups.js';
import { watch } from './watch.js';

export { quotaOptions } from './quota/quota-options.js';
export type { Limits } from './quota/quotas.js';

export interface PolicyOptions {
  /** Stays open when the service closes: it belongs to whoever opened it. */
  readonly store: Store;
  /** Reaches the inventory service. */
  readonly inventory: Transport;
  readonly log: Logger;
  readonly now?: () => Date;
  /** Of projects whose quota says nothing else. */
  readonly limits?: Partial<Limits>;
}

/** Security groups, their rules, the networks they are attached to and the NICs that are in them. */
export async function openPolicy({
  store,
  inventory: transport,
  log,
  now = () => new Date(),
  limits,
}: PolicyOptions): Promise<OpenService> {
  const stop = new AbortController();
  const inventory = inventoryClient(transport);
  const housekeeping = new Housekeeping({ store, inventory, log, now });
  const expiry = new RuleExpiry({ store, log, now });
  const revisions = new Revisions('policy', store);
  const mutations = new Mutations({ store, service: policyV1.PolicyService, revisions, now });
  const { commit } = mutations;
  const quotas = new Quotas({ ...defaultLimits, ...limits });
  const dependencies = { store, commit, revisions, quotas, inventory, housekeeping, now, closing: stop.signal };
  const translate = fromStore({ service: 'policy', claimed: ({ holder }) => `${holder.name} is the same rule` });
  const handlers: Handlers = {
    ...securityGroupHandlers(dependencies),
    ...addressGroupHandlers(dependencies),
    ...ruleHandlers(dependencies),
    ...membershipHandlers(dependencies),
    attachNetworks: attachNetworks(dependencies),
    detachNetworks: detachNetworks(dependencies),
    ...quotaHandlers(dependencies),
    importSecurityGroups: importSecurityGroups(dependencies),
    exportProject: exportProject(dependencies),
    ...defaultRulesHandlers(dependencies),
    watch: watch(dependencies),
  };
  housekeeping.start();
  expiry.start();
  const conventional = awaitMinRevision(mutations.wrap(handlers), {
    store,
    service: policyV1.PolicyService,
    revisions,
  });
  return {
    registrations: [serviceOf(policyV1.PolicyService, translateErrors(conventional, translate))],
    ready: () => !stop.signal.aborted,
    close: async () => {
      stop.abort();
      await Promise.all([housekeeping.close(), expiry.close()]);
    },
  };
}
