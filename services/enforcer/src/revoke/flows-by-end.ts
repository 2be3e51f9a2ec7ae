import type { FlowKey } from '@portcullis/compile';
import type { Direction } from '@portcullis/model';
import type { RevokedAtEnd, RevokedFlows } from '@portcullis/ruleset';

/** Flows in the making, by the end that stops them. */
export class FlowsByEnd {
  readonly #ends = new Map<string, RevokedAtEnd & { readonly flows: Map<string, FlowKey> }>();

  constructor(first: RevokedFlows = []) {
    for (const { direction, nic, flows } of first)
      this.#ends.set(`${direction} ${nic}`, { direction, nic, flows: new Map(flows) });
  }

  at(direction: Direction, nic: string): Map<string, FlowKey> {
    const key = `${direction} ${nic}`;
    const end = this.#ends.get(key) ?? { direction, nic, flows: new Map<string, FlowKey>() };
    this.#ends.set(key, end);
    return end.flows;
  }

  /** Ends that stop something. */
  get all(): RevokedFlows {
    return [...this.#ends.values()].filter(({ flows }) => flows.size > 0);
  }
}
