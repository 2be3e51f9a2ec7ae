import {
  addressBits,
  type Cidr,
  cidrContains,
  type Direction,
  formatAddress,
  linkLocalAddress,
  parseAddress,
  parseCidr,
} from '@portcullis/model';
import { bridgeDomains, defaultDomain } from '../bridge-domains.js';
import type { HostNic } from '../host-state.js';
import type { FlowKey } from './flow.js';

/** One NIC of the host at which a flow is judged. */
export interface FlowEnd {
  readonly nic: HostNic;
  readonly direction: Direction;
}

/** Who has a wider allowed address pair is a router: its flows are not told from those that pass it by. */
const maxHostBits = 8;

/**
 * Tells which NICs of a host a flow concerns, by its addresses and the routing domain that its conntrack zone belongs to.
 * A NIC whose bridge is not named may be tracked in zone 0, or in that of its domain.
 */
export class FlowEnds {
  readonly #nics = new Map<string, HostNic[]>();
  /** Allowed address pairs, by zone. */
  readonly #pairs = new Map<string, { readonly cidr: Cidr; readonly nic: HostNic }[]>();

  constructor(nics: ReadonlyMap<string, HostNic>) {
    const domains = bridgeDomains(nics.values());
    for (const nic of nics.values()) {
      const named = nic.bridge === undefined ? undefined : domains.get(nic.bridge);
      const zones = named === undefined ? [defaultDomain, nic.routingDomain] : [named];
      for (const zone of zones) {
        for (const address of addressesOf(nic))
          this.#nics.set(`${zone} ${address}`, [...this.#own(zone, address), nic]);
        const pairs = pairsOf(nic).map((cidr) => ({ cidr, nic }));
        if (pairs.length > 0) this.#pairs.set(zone, [...(this.#pairs.get(zone) ?? []), ...pairs]);
      }
    }
  }

  of(zone: string, { source, destination }: FlowKey): FlowEnd[] {
    const [senders, receivers] = [this.#holders(zone, source), this.#holders(zone, destination)];
    if (senders.length + receivers.length === 0) return [];
    return [
      ...senders.map((nic): FlowEnd => ({ nic, direction: 'egress' })),
      ...receivers.map((nic): FlowEnd => ({ nic, direction: 'ingress' })),
    ];
  }

  #own(zone: string, address: string): readonly HostNic[] {
    return this.#nics.get(`${zone} ${address}`) ?? [];
  }

  #holders(zone: string, text: string): readonly HostNic[] {
    const own = this.#own(zone, text);
    const pairs = this.#pairs.get(zone);
    const address = pairs && parseAddress(text);
    if (pairs === undefined || address === undefined) return own;
    const allowed = pairs.filter(({ cidr }) => cidrContains(cidr, address)).map(({ nic }) => nic);
    return [...new Set([...own, ...allowed])];
  }
}

const known = new WeakMap<HostNic, readonly string[]>();

function addressesOf(nic: HostNic): readonly string[] {
  const found = known.get(nic) ?? ownAddresses(nic);
  known.set(nic, found);
  return found;
}

/** What cannot be read closes the NIC elsewhere. */
function ownAddresses({ addresses, mac }: HostNic): string[] {
  const own = addresses.flatMap((text) => {
    const address = parseAddress(text);
    return address === undefined ? [] : [formatAddress(address)];
  });
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac) ? [...new Set([...own, linkLocalAddress(mac)])] : own;
}

function pairsOf({ allowedPairs = [] }: HostNic): Cidr[] {
  return allowedPairs.flatMap(({ cidr: text }) => {
    const cidr = parseCidr(text);
    return cidr !== undefined && addressBits(cidr.family) - cidr.prefixLength <= maxHostBits ? [cidr] : [];
  });
}
