import type { HostNic, HostState } from '@portcullis/compile';
import type { Direction, Family } from '@portcullis/model';
import type { Chain } from './chain.js';
import { type DispatchTarget, renderDispatch } from './dispatch.js';
import type { DropLog } from './drop-log.js';
import { type FrameFilter, renderFrames } from './frame-filter.js';
import { chains, groupChain, type NicChainUse } from './names.js';
import { renderClosedNic, renderNicChains } from './nic-chains.js';
import { renderPrerouting } from './prerouting.js';
import { notBySource } from './spoofing-rules.js';

/** A group's chain that chains of NICs jump to. */
export interface GroupUse {
  readonly group: string;
  readonly direction: Direction;
  readonly routingDomain: string;
}

/** Chains that packets are led to; the others are jumped to from these. */
type DispatchUse = Exclude<NicChainUse, 'discovery' | 'spoofed'>;

/** What one NIC brings: its own chains, and by name the group chains they jump to. */
interface NicParts {
  readonly chains: { readonly [use in NicChainUse]?: Chain };
  /** What leads to them. */
  readonly targets: readonly { readonly use: DispatchUse; readonly target: DispatchTarget }[];
  readonly groupUses: ReadonlyMap<string, GroupUse>;
}

/** The chains of one family that follow from the NICs alone, and by name the group chains that they need. */
export interface Structure {
  readonly chains: ReadonlyMap<string, Chain>;
  readonly groupUses: ReadonlyMap<string, GroupUse>;
}

type Structures = Readonly<Record<Family, Structure>> & { readonly frames: FrameFilter };

/**
 * Renders what follows from the NICs of a host alone: the chains of each (nic-chains.ts), the trees that lead to them
 * (dispatch.ts), what is judged before connection tracking (prerouting.ts), and frames (frame-filter.ts).
 *
 * Owns: the last structure, and what each NIC brings to it.
 * Does not own: what groups allow (FamilyRules).
 * Invariants: 1. While the NICs, and which of them are closed, are the same, so is the structure, as an object. 2. A chain of
 * a NIC and its entry in a tree come together (E3).
 */
export class StructureRenderer {
  readonly #dropLog: DropLog;
  readonly #nics = new WeakMap<HostNic, Map<Family, NicParts>>();
  #last: (Structures & { nics: HostState['nics']; closed: ReadonlySet<string> }) | undefined;

  constructor(dropLog: DropLog) {
    this.#dropLog = dropLog;
  }

  /** `closed` names NICs that get a deny-all stand-in. */
  render(nics: HostState['nics'], closed: ReadonlySet<string>): Structures {
    const last = this.#last;
    if (last?.nics === nics && last.closed.size === closed.size && [...closed].every((id) => last.closed.has(id))) {
      return last;
    }
    const structures = {
      4: this.#renderFamily(nics, closed, 4),
      6: this.#renderFamily(nics, closed, 6),
      frames: renderFrames(nics.values(), closed),
    };
    this.#last = { nics, closed, ...structures };
    return structures;
  }

  #renderFamily(nics: HostState['nics'], closed: ReadonlySet<string>, family: Family): Structure {
    const all = new Map<string, Chain>();
    const groupUses = new Map<string, GroupUse>();
    const targets: Record<DispatchUse, DispatchTarget[]> = {
      ingress: [],
      egress: [],
      spoofing: [],
    };
    for (const nic of nics.values()) {
      const parts = closed.has(nic.id) ? closedParts(nic) : this.#nicParts(nic, family);
      for (const chain of Object.values(parts.chains)) all.set(chain.name, chain);
      for (const { use, target } of parts.targets) targets[use].push(target);
      for (const [name, use] of parts.groupUses) groupUses.set(name, use);
    }
    const exceptions = notBySource[family];
    const source = renderDispatch(chains.source, 'from', {
      targets: targets.spoofing,
      family,
      table: 'raw',
      exceptions,
    });
    for (const chain of [
      ...renderDispatch(chains.egress, 'from', { targets: targets.egress, family }),
      ...renderDispatch(chains.ingress, 'to', { targets: targets.ingress, family }),
      ...renderPrerouting(nics.values(), source),
    ]) {
      all.set(chain.name, chain);
    }
    return { chains: all, groupUses };
  }

  #nicParts(nic: HostNic, family: Family): NicParts {
    const cached = this.#nics.get(nic) ?? new Map<Family, NicParts>();
    this.#nics.set(nic, cached);
    const parts = cached.get(family) ?? renderNicParts(nic, family, this.#dropLog);
    cached.set(family, parts);
    return parts;
  }
}

function renderNicParts(nic: HostNic, family: Family, dropLog: DropLog): NicParts {
  const own = renderNicChains(nic, family, dropLog);
  const groupUses = new Map<string, GroupUse>();
  for (const direction of ['ingress', 'egress'] as const) {
    if (own[direction] === undefined) continue;
    for (const group of nic.groups) {
      const use = { group, direction, routingDomain: nic.routingDomain };
      groupUses.set(groupChain(direction, group, nic.routingDomain), use);
    }
  }
  return { chains: own, targets: targetsOf(nic, own, nic.addresses), groupUses };
}

function closedParts(nic: HostNic): NicParts {
  const own = renderClosedNic(nic);
  return { chains: own, targets: targetsOf(nic, own, []), groupUses: new Map() };
}

function targetsOf(
  { interfaceName, mac }: HostNic,
  own: NicParts['chains'],
  addresses: readonly string[],
): NicParts['targets'] {
  return (['ingress', 'egress', 'spoofing'] as const).flatMap((use) => {
    const chain = own[use]?.name;
    if (chain === undefined) return [];
    const known = use === 'spoofing' ? { known: `-m mac --mac-source ${mac} -j RETURN` } : {};
    return [{ use, target: { interfaceName, addresses, chain, ...known } }];
  });
}
