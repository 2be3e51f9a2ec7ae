import type { enforceV1 } from '@portcullis/api';
import { DirtyLog } from './dirty-log.js';
import { covers, type Generation, type Source } from './generation.js';

/** Names one object of a host's state. */
export type ObjectKey = `nic ${string}` | `group ${string}` | `memberSet ${string}` | `addressGroup ${string}`;

interface Unacknowledged {
  readonly source: Source;
  readonly revision: number;
  readonly generation: Generation;
}

/** What the host's kernel refused, of a generation that is in force but for that. */
interface Refusal {
  readonly generation: Generation;
  readonly failures: readonly enforceV1.Failure[];
}

/** Kept one by one; beyond it neighbours are merged, and a wait may take longer than it must. */
const maxUnacknowledged = 1024;

/**
 * What the dispatcher knows of one host.
 *
 * Owns: what changed since when, what the host was told, what it has acknowledged and what it said of itself.
 * Invariant D4: a change counts as enforced only after a report of a generation that covers it; one that the kernel
 * refused in part counts for the NICs that it did not refuse. A kernel that refuses what it had taken lags again.
 */
export class HostRecord {
  readonly dirty: DirtyLog<ObjectKey>;
  /** Since when the host has needed each member set and address group. */
  readonly setSince = new Map<ObjectKey, number>();
  #unacknowledged: Unacknowledged[] = [];
  #refusal: Refusal | undefined;
  desired: Generation;
  /** Of what is desired; undefined until somebody asks for it: a Sync, its report and each status would do so. */
  digest: string | undefined;
  /** What the host was told last; it cannot enforce anything later. */
  told: Generation | undefined;
  applied: Generation | undefined;
  lastHeardAt: Date | undefined;
  conditions: readonly enforceV1.Condition[] = [];
  backend = '';
  version = '';
  /** Since when its enforcer counts what rules let pass; undefined while it does not. */
  hitsCountedSince: Date | undefined;

  /** A host that is new to this dispatcher has to acknowledge what holds now, whatever brought it about. */
  constructor(
    readonly name: string,
    now: { sequence: number; generation: Generation },
  ) {
    this.dirty = new DirtyLog(now.sequence);
    this.desired = now.generation;
    for (const source of ['policy', 'inventory'] as const) this.want(source, now.generation);
  }

  /** The state of the host changed with a commit of `source`. */
  want(source: Source, generation: Generation): void {
    this.desired = generation;
    this.digest = undefined;
    this.#unacknowledged.push({ source, revision: generation[source], generation });
    if (this.#unacknowledged.length > maxUnacknowledged) this.#unacknowledged = halved(this.#unacknowledged);
  }

  /** Whether a report can be of this generation; one of a store that was replaced meanwhile cannot. */
  wasTold(generation: Generation): boolean {
    return this.told !== undefined && covers(this.told, generation);
  }

  acknowledge(generation: Generation): void {
    this.#refusal = undefined;
    if (this.applied === undefined || covers(generation, this.applied)) this.applied = generation;
    this.#unacknowledged = this.#unacknowledged.filter((each) => !covers(generation, each.generation));
  }

  refuse(generation: Generation, failures: readonly enforceV1.Failure[]): void {
    this.#refusal = { generation, failures };
    const wasInForce = this.applied !== undefined && covers(this.applied, generation);
    if (!wasInForce || this.lags({ policy: 0, inventory: 0 })) return;
    // Nor is anything before it; first, because the list ascends.
    const again = (['policy', 'inventory'] as const).map((source) => ({ source, revision: 0, generation }));
    this.#unacknowledged = [...again, ...this.#unacknowledged];
  }

  get failures(): readonly enforceV1.Failure[] {
    return this.#refusal?.failures ?? [];
  }

  /** Whether a change at or before these revisions is not acknowledged yet, for the host or for one NIC of it. */
  lags(wanted: Generation, nic?: string): boolean {
    const open = this.#unacknowledged.filter(({ source, revision }) => revision <= wanted[source]);
    if (nic === undefined || this.#refusal === undefined) return open.length > 0;
    const { generation, failures } = this.#refusal;
    const isRefused = failures.some((failure) => failure.nic === nic || failure.nic === '');
    return open.length > 0 && (isRefused || open.some((each) => !covers(generation, each.generation)));
  }

  get inSync(): boolean {
    return this.#unacknowledged.length === 0;
  }
}

/** Merges neighbours of one source: the earlier revision, to be acknowledged with the later generation. */
function halved(entries: readonly Unacknowledged[]): Unacknowledged[] {
  const open = new Map<Source, Unacknowledged>();
  const merged: Unacknowledged[] = [];
  for (const entry of entries) {
    const earlier = open.get(entry.source);
    if (earlier === undefined) open.set(entry.source, entry);
    else {
      merged.push({ ...entry, revision: earlier.revision });
      open.delete(entry.source);
    }
  }
  return [...merged, ...open.values()];
}
