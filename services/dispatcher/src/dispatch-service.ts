import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { dispatchV1 } from '@portcullis/api';
import { notFound, pageOf, resourceExhausted } from '@portcullis/rpc';
import type { Dispatch } from './enforce-service.js';
import { conditionOf, hostStatus } from './status.js';
import { waitForEnforcement } from './wait.js';

/** What schedulers and people call. */
export function dispatchService({ state, events, now }: Dispatch): ServiceImpl<typeof dispatchV1.DispatchService> {
  return {
    waitForEnforcement: (request, { signal }) => waitForEnforcement(state, request, { now, signal }),

    async getHostStatus({ host }) {
      const record = state.record(host);
      if (record === undefined) throw notFound(host);
      return create(dispatchV1.GetHostStatusResponseSchema, { status: hostStatus(state, record, now()) });
    },

    async listHostStatuses(request) {
      const { items, nextPageToken } = pageOf(state.records(), request, { nameOf: ({ name }) => name, scope: 'hosts' });
      const statuses = items.map((record) => hostStatus(state, record, now()));
      return create(dispatchV1.ListHostStatusesResponseSchema, { statuses, nextPageToken });
    },

    async getNicStatus({ nic }) {
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
            condition: failure ? dispatchV1.HostCondition.DEGRADED : conditionOf(record, now()),
            guarded: desired.guarded,
            ...(failure ? { failure } : {}),
          },
        ];
      });
      return create(dispatchV1.GetNicStatusResponseSchema, { statuses });
    },

    async *watchStatus({ hosts }, { signal }) {
      const wanted = new Set(hosts);
      const isWanted = (host: string) => wanted.size === 0 || wanted.has(host);
      const stream = events.subscribe(signal, () =>
        resourceExhausted('SUBSCRIBER_TOO_SLOW', 'the subscriber did not keep up; call again to go on'),
      );
      for (const record of state.records().filter(({ name }) => isWanted(name))) {
        const event = { case: 'status' as const, value: hostStatus(state, record, now()) };
        yield create(dispatchV1.WatchStatusResponseSchema, { host: record.name, event });
      }
      for await (const event of stream) if (isWanted(event.host)) yield event;
    },
  };
}
