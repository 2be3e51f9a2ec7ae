import { create } from '@bufbuild/protobuf';
import { dispatchV1, type enforceV1 } from '@portcullis/api';
import { resourceExhausted } from '@portcullis/rpc';
import { Broadcast, type Subscription } from './broadcast.js';
import type { DispatchState } from './dispatch-state.js';
import type { HostRecord } from './host-record.js';
import { conditionOf, hostStatus } from './status.js';

type StatusEvent = dispatchV1.WatchStatusResponse;

/**
 * What people and programs that watch hosts are told.
 *
 * Owns: the subscribers, and the condition of each host as last told.
 * Invariant: a change of condition is told once; a host that goes silent is one event, whatever it has to enforce.
 */
export class StatusFeed {
  readonly #events = new Broadcast<StatusEvent>();
  readonly #told = new WeakMap<HostRecord, dispatchV1.HostCondition>();
  readonly #state: DispatchState;
  readonly #now: () => Date;

  constructor(state: DispatchState, now: () => Date) {
    this.#state = state;
    this.#now = now;
  }

  publishReport(record: HostRecord, report: enforceV1.HostReport): void {
    this.#events.publish(
      create(dispatchV1.WatchStatusResponseSchema, {
        host: record.name,
        event: { case: 'report', value: report },
      }),
    );
  }

  publishCondition(record: HostRecord): void {
    const condition = conditionOf(record, this.#now());
    if (this.#told.get(record) === condition) return;
    this.#told.set(record, condition);
    this.#events.publish(this.statusEvent(record));
  }

  /** To be called now and then: that a host has gone silent shows by nothing else. */
  publishConditions(): void {
    for (const record of this.#state.records()) this.publishCondition(record);
  }

  statusEvent(record: HostRecord): StatusEvent {
    return create(dispatchV1.WatchStatusResponseSchema, {
      host: record.name,
      event: { case: 'status', value: hostStatus(this.#state, record, this.#now()) },
    });
  }

  subscribe(): Subscription<StatusEvent> {
    return this.#events.subscribe(() =>
      resourceExhausted('SUBSCRIBER_TOO_SLOW', 'the subscriber did not keep up; call again to go on'),
    );
  }
}
