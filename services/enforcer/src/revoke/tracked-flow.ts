import { isIPv4 } from 'node:net';
import { type Flow, isIcmp } from '@portcullis/compile';
import { formatAddress, parseAddress } from '@portcullis/model';

/** A flow that the kernel tracks, and the number of the zone it is tracked in. */
export interface TrackedFlow extends Flow {
  readonly zone: number;
}

/** Protocols whose ports sets look at: TCP, UDP, SCTP, UDP-Lite (net/netfilter/ipset/pfxlen, ip_set_getport.c). */
const withPorts: ReadonlySet<number> = new Set([6, 17, 132, 136]);

/**
 * One line of `conntrack -L`, as rules see the flow: where addresses are translated, the destination is the one that
 * answers. Undefined for what is not a flow; nothing of the text goes further but addresses and numbers (S2).
 */
export function parseTrackedFlow(line: string): TrackedFlow | undefined {
  const protocol = Number(/^\S+ +(\d{1,3}) /.exec(line)?.[1]);
  const values = new Map<string, string[]>();
  for (const [, key = '', value = ''] of line.matchAll(/\b(src|dst|sport|dport|type|code|zone)=(\S+)/g)) {
    const known = values.get(key);
    if (known === undefined) values.set(key, [value]);
    else known.push(value);
  }
  const source = canonical(values.get('src')?.[0]);
  const destination = canonical(values.get('src')?.[1]);
  const number = (key: string, at: 0 | 1) => Number(values.get(key)?.[at] ?? 0);
  const hasPorts = withPorts.has(protocol);
  const sourcePort = hasPorts ? number('sport', 0) : 0;
  const answeringPort = hasPorts ? number('sport', 1) : 0;
  const port = isIcmp(protocol) ? number('type', 0) * 256 + number('code', 0) : answeringPort;
  const zone = number('zone', 0);
  const isWhole = [protocol, port, sourcePort, zone].every(
    (each) => Number.isInteger(each) && each >= 0 && each < 65_536,
  );
  if (!isWhole || protocol === 0 || source === undefined || destination === undefined) return undefined;
  return { source, destination, protocol, port, sourcePort, zone };
}

const texts = new Map<string, string>();

/** The kernel's tools print some IPv6 addresses in another way. */
function canonical(text: string | undefined): string | undefined {
  if (text === undefined || isIPv4(text)) return text;
  const known = texts.get(text);
  if (known !== undefined) return known;
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  if (texts.size > 50_000) texts.clear();
  const made = formatAddress(address);
  texts.set(text, made);
  return made;
}
