import { create } from '@bufbuild/protobuf';
import { enforceV1 } from '@portcullis/api';

/** Names one state of this host: what it has to enforce at these two revisions. */
export interface Generation {
  readonly policy: number;
  readonly inventory: number;
}

export function isSameGeneration(left: Generation | undefined, right: Generation | undefined): boolean {
  return left?.policy === right?.policy && left?.inventory === right?.inventory;
}

export function encodeGeneration({ policy, inventory }: Generation): enforceV1.Generation {
  return create(enforceV1.GenerationSchema, { policyRevision: BigInt(policy), inventoryRevision: BigInt(inventory) });
}

export function decodeGeneration(message: enforceV1.Generation | undefined): Generation {
  return {
    policy: Number(message?.policyRevision ?? 0n),
    inventory: Number(message?.inventoryRevision ?? 0n),
  };
}
