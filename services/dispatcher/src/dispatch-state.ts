import { randomUUID } from 'node:crypto';
import { type CloudChange, digestHostState, Span } from '@portcullis/compile';
import type { Generation, Source } from './generation.js';
import { HostRecord, type ObjectKey } from './host-record.js';
import { MemberLog } from './member-log.js';
import { Signal } from './signal.js';

/** One revision of one service, as changes of the cloud. */
export interface AppliedCommit {
  readonly source: Source;
  readonly epoch: string;
  readonly revision: number;
  readonly changes: readonly CloudChange[];
  /** The hosts that are registered after it. */
  readonly hosts: ReadonlySet<string>;
}

/**
 * Every host's desired state and what each host has acknowledged.
 *
 * Owns: the span, the sequence of commits as this dispatcher saw them, one record per host.
 * Does not own: the truth; it is rebuilt from the two watches at any time.
 * Invariants: D1, D2, D3 by the span; D4 by the host records; nothing is told to a host before both snapshots are complete (E1).
 */
export class DispatchState {
  /** Names this instance in cursors: another instance counts other sequences. */
  readonly instance = randomUUID();
  readonly span = new Span();
  readonly changed = new Signal();
  readonly memberLog = new MemberLog();
  readonly #records = new Map<string, HostRecord>();
  readonly #seen: { [source in Source]?: { epoch: string; revision: number } } = {};
  readonly #onDirty: (host: HostRecord) => void;
  #hosts: ReadonlySet<string> = new Set();
  #sequence = 0;

  constructor(onDirty: (host: HostRecord) => void) {
    this.#onDirty = onDirty;
  }

  /** Both services have been heard completely. */
  get ready(): boolean {
    return this.#seen.policy !== undefined && this.#seen.inventory !== undefined;
  }

  get sequence(): number {
    return this.#sequence;
  }

  seen(source: Source): { readonly epoch: string; readonly revision: number } | undefined {
    return this.#seen[source];
  }

  get revisions(): Generation {
    return { policy: this.#seen.policy?.revision ?? 0, inventory: this.#seen.inventory?.revision ?? 0 };
  }

  /** Records of all registered hosts, by name. */
  records(): HostRecord[] {
    return [...this.#records.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  record(host: string): HostRecord | undefined {
    return this.#records.get(host);
  }

  digest(host: string): string {
    const record = this.#records.get(host);
    const digest = record?.digest ?? digestHostState(this.span.hostState(host));
    if (record !== undefined) record.digest = digest;
    return digest;
  }

  apply({ source, epoch, revision, changes, hosts }: AppliedCommit): void {
    const wasReady = this.ready;
    const seen = this.#seen[source];
    // Revisions never go back, but in a store that was restored from a backup.
    const isOtherStore = seen !== undefined && (seen.epoch !== epoch || seen.revision > revision);
    this.#sequence += 1;
    this.#seen[source] = { epoch, revision };
    this.#hosts = hosts;
    const { dirty, memberDeltas, cidrDeltas } = this.span.apply(changes);
    for (const [key, delta] of memberDeltas) this.memberLog.append(`memberSet ${key}`, delta, this.#sequence);
    for (const [id, delta] of cidrDeltas) this.memberLog.append(`addressGroup ${id}`, delta, this.#sequence);
    // Revisions of another store cannot be compared with what hosts have acknowledged.
    if (isOtherStore) this.#records.clear();
    this.#keepRecords(isOtherStore || !wasReady);
    for (const [host, objects] of dirty) {
      const record = this.#records.get(host);
      if (!record) continue;
      for (const id of objects.nics) record.dirty.mark(`nic ${id}`, this.#sequence);
      for (const id of objects.groups) record.dirty.mark(`group ${id}`, this.#sequence);
      for (const key of objects.memberSets) {
        this.#markSet(record, `memberSet ${key}`, this.span.memberSet(host, key) !== undefined);
      }
      for (const id of objects.addressGroups) {
        this.#markSet(record, `addressGroup ${id}`, this.span.addressGroup(host, id) !== undefined);
      }
      record.want(source, this.revisions);
      this.#onDirty(record);
    }
    this.changed.notify();
  }

  #markSet(record: HostRecord, key: ObjectKey, isNeeded: boolean): void {
    record.dirty.mark(key, this.#sequence);
    if (!isNeeded) record.setSince.delete(key);
    else if (!record.setSince.has(key)) record.setSince.set(key, this.#sequence);
  }

  /** One record per registered host, and per host that still has NICs. */
  #keepRecords(ring: boolean): void {
    if (!this.ready) return;
    for (const host of [...this.#hosts, ...this.span.hosts()]) {
      if (this.#records.has(host)) continue;
      const record = new HostRecord(host, { sequence: this.#sequence, generation: this.revisions });
      const { memberSets, addressGroups } = this.span.hostState(host);
      for (const key of memberSets.keys()) record.setSince.set(`memberSet ${key}`, this.#sequence);
      for (const id of addressGroups.keys()) record.setSince.set(`addressGroup ${id}`, this.#sequence);
      this.#records.set(host, record);
      if (ring) this.#onDirty(record);
    }
    const withNics = new Set(this.span.hosts());
    for (const host of this.#records.keys()) {
      if (!this.#hosts.has(host) && !withNics.has(host)) this.#records.delete(host);
    }
  }
}
