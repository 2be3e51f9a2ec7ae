/** The state of a host at one policy revision and one inventory revision. */
export interface Generation {
  readonly policy: number;
  readonly inventory: number;
}

export type Source = keyof Generation;

/** Whether a host that enforces `applied` enforces `wanted` too: no part is smaller. */
export function covers(applied: Generation, wanted: Generation): boolean {
  return applied.policy >= wanted.policy && applied.inventory >= wanted.inventory;
}

export function formatGeneration({ policy, inventory }: Generation): string {
  return `${policy}.${inventory}`;
}
