import type { HostState } from '../host-state.js';
import type { Flow } from './flow.js';
import type { FlowEnd } from './flow-ends.js';
import { isAllowedAt, permissionsAt, withoutRule } from './permission.js';

/**
 * What becomes of a flow that goes on, at one of its ends:
 *
 * - `allowed`: it still is.
 * - `revoked`: the end that allowed it denies it now.
 * - `left`: it is denied, but was so before, or only groups that keep established flows took back what they had given.
 */
export type FlowFate = 'allowed' | 'revoked' | 'left';

/** `before` are the states that may have allowed the flow; where none is known, it counts as allowed before. */
export function flowFate(before: readonly HostState[], now: HostState, end: FlowEnd, flow: Flow): FlowFate {
  if (isAllowedAt(now, end.nic, end.direction, flow)) return 'allowed';
  return isTakenBack(before, now, end, flow) ? 'revoked' : 'left';
}

/**
 * A permission that rules gave is kept where one of their groups keeps established flows. One that no rule gave was lost
 * because the NIC joined a group, or a group closed its egress: it is kept where all groups of the NIC do.
 */
function isTakenBack(before: readonly HostState[], now: HostState, { nic, direction }: FlowEnd, flow: Flow): boolean {
  const keepsAll = nic.groups.length > 0 && nic.groups.every((id) => now.groups.get(id)?.keepsFlows === true);
  if (before.length === 0) return !keepsAll;
  return before.some((state) => {
    const then = state.nics.get(nic.id);
    const givers = then === undefined ? [withoutRule] : [...permissionsAt(state, then, direction, flow)];
    const isKept = (giver: string) =>
      giver === withoutRule ? keepsAll : (now.groups.get(giver) ?? state.groups.get(giver))?.keepsFlows === true;
    return givers.length > 0 && !givers.some(isKept);
  });
}
