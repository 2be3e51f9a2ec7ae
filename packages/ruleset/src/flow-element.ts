import { type FlowKey, isIcmp } from '@portcullis/compile';
import { formatAddress, parseAddress } from '@portcullis/model';
import { kernelAddress } from './kernel-address.js';
import { protocolName, protocolNumber } from './protocol-names.js';

/** ICMP messages that begin a flow, with the type that answers each (RFC 792, RFC 950, RFC 4443, RFC 4620). */
const answers: Readonly<Record<number, ReadonlyMap<number, number>>> = {
  1: new Map([
    [8, 0],
    [13, 14],
    [15, 16],
    [17, 18],
  ]),
  58: new Map([
    [128, 129],
    [139, 140],
  ]),
};

/** Messages that ipset prints by name. */
const messageNames: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  1: {
    '8/0': 'echo-request',
    '0/0': 'echo-reply',
    '13/0': 'timestamp-request',
    '14/0': 'timestamp-reply',
    '17/0': 'address-mask-request',
    '18/0': 'address-mask-reply',
  },
  58: { '128/0': 'echo-request', '129/0': 'echo-reply' },
};

/**
 * The elements of a `hash:ip,port,ip` that stand for a flow, as `ipset save` prints them: what its packets carry in the
 * original direction, and, where the answers carry something else, what these do.
 */
export function flowElements(key: FlowKey): string[] {
  const element = elementOf(key);
  const answer = isIcmp(key.protocol) ? answers[key.protocol]?.get(key.port >> 8) : undefined;
  // Connection tracking takes an answer for one only where it carries the same code.
  return answer === undefined ? [element] : [element, elementOf({ ...key, port: answer * 256 + (key.port & 255) })];
}

/** The flow that an element stands for; undefined for an answer's element, and for what `flowElements` does not make. */
export function parseFlowElement(element: string): FlowKey | undefined {
  const [sourceText = '', port = '', destinationText = ''] = element.split(',');
  const [source, destination] = [parseAddress(sourceText), parseAddress(destinationText)];
  const [name = '', value = ''] = port.split(':');
  const protocol = protocolNumber(name);
  const number = protocol === undefined ? undefined : portNumber(protocol, value);
  if (source === undefined || destination === undefined || protocol === undefined || number === undefined) {
    return undefined;
  }
  const key = { source: formatAddress(source), destination: formatAddress(destination), protocol, port: number };
  const isAnswer = [...(answers[protocol]?.values() ?? [])].includes(number >> 8) && isIcmp(protocol);
  return isAnswer || elementOf(key) !== element ? undefined : key;
}

/** An element as `flowElements` writes it, whatever names of protocols the host has. */
export function normalElement(element: string): string {
  const [source, port = '', destination] = element.split(',');
  const [name = '', value] = port.split(':');
  const protocol = protocolNumber(name);
  return protocol === undefined ? element : `${source},${protocolName(protocol)}:${value},${destination}`;
}

function elementOf({ source, destination, protocol, port }: FlowKey): string {
  const message = `${port >> 8}/${port & 255}`;
  const value = isIcmp(protocol) ? (messageNames[protocol]?.[message] ?? message) : port;
  return `${kernelAddress(source)},${protocolName(protocol)}:${value},${kernelAddress(destination)}`;
}

function portNumber(protocol: number, text: string): number | undefined {
  if (!isIcmp(protocol)) return /^\d{1,5}$/.test(text) ? Number(text) : undefined;
  const named = Object.entries(messageNames[protocol] ?? {}).find(([, name]) => name === text)?.[0] ?? text;
  const [, type, code] = /^(\d{1,3})\/(\d{1,3})$/.exec(named) ?? [];
  return type === undefined ? undefined : Number(type) * 256 + Number(code);
}
