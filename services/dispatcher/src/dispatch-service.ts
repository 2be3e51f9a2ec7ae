import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { dispatchV1 } from '@portcullis/api';
import { notFound, pageOf, unavailable } from '@portcullis/rpc';
import type { Dispatch } from './dispatch.js';
import { notReady } from './enforce-service.js';
import { listRuleHits } from './list-rule-hits.js';
import { requireName, requireNames } from './names.js';
import { conditionOf, hostStatus } from './status.js';
import { waitForEnforcement } from './wait.js';

/** What schedulers and people call. */
export function dispatchService(dispatch: Dispatch): ServiceImpl<typeof dispatchV1.DispatchService> {
  const { state, feed, now } = dispatch;
  const requireReady = () => {
    if (!state.ready) throw unavailable('DISPATCHER_NOT_READY', notReady);
  };
  return {
    waitForEnforcement: (request, { signal }) => waitForEnforcement(state, request, { now, signal }),

    async getHostStatus({ host }) {
      requireName('host', host, 'host');
      requireReady();
      const record = state.record(host);
      if (record === undefined) throw notFound(host);
      return create(dispatchV1.GetHostStatusResponseSchema, { status: hostStatus(state, record, now()) });
    },

    async listHostStatuses(request) {
      requireReady();
      const { items, nextPageToken } = pageOf(state.records(), request, { nameOf: ({ name }) => name, scope: 'hosts' });
      const statuses = items.map((record) => hostStatus(state, record, now()));
      return create(dispatchV1.ListHostStatusesResponseSchema, { statuses, nextPageToken });
    },

    async getNicStatus({ nic }) {
      requireName('nic', nic, 'nic');
      requireReady();
      if (!state.span.cloud.nics.has(nic)) throw notFound(nic);
      const statuses = [...state.span.hostsOfNic(nic)].toSorted().flatMap((host) => {
        const record = state.record(host);
        const desired = state.span.nic(host, nic);
        if (!record || !desired) return [];
        const failure = record.failures.find((each) => each.nic === nic);
        return [
          {
            host,
            interfaceName: desired.interfaceName,
            condition: failure ? dispatchV1.HostCondition.DEGRADED : conditionOf(record, now(), nic),
            guarded: desired.guarded,
            ...(failure ? { failure } : {}),
          },
        ];
      });
      return create(dispatchV1.GetNicStatusResponseSchema, { statuses });
    },

    async listRuleHits(request) {
      requireReady();
      return listRuleHits(dispatch, request);
    },

    async *watchStatus({ hosts }, { signal }) {
      requireNames(
        hosts.map((name, i) => ({ field: `hosts[${i}]`, name })),
        'host',
      );
      requireReady();
      const wanted = new Set(hosts);
      const isWanted = (host: string) => wanted.size === 0 || wanted.has(host);
      // Subscribed before the statuses are read: nothing falls between.
      const subscription = feed.subscribe();
      signal.addEventListener('abort', subscription.close, { once: true });
      try {
        for (const record of state.records()) if (isWanted(record.name)) yield feed.statusEvent(record);
        for await (const event of subscription) if (isWanted(event.host)) yield event;
      } finally {
        subscription.close();
      }
    },
  };
}
