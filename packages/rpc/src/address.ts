/** Where a server listens or a client dials. */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** sun_path of sockaddr_un, with its final zero. */
const maxSocketPathBytes = 107;

const hostAndPort = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+)):([0-9]{1,5})$/;

/** Reads `host:port`, `[::1]:port`, `http://host:port` and `unix:/path/of.sock`. Throws RangeError. */
export function parseAddress(text: string): Address {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length).replace(/^\/{2,}/, '/');
    if (path === '') throw new RangeError(`${text} names no socket: write unix:/path/of.sock`);
    if (Buffer.byteLength(path) > maxSocketPathBytes) {
      throw new RangeError(`${text} is longer than the ${maxSocketPathBytes} bytes that the path of a socket may have`);
    }
    return { kind: 'unix', path };
  }
  const [, ipv6, name, digits] = hostAndPort.exec(text.replace(/^https?:\/\//, '').replace(/\/$/, '')) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  if (host === undefined || !(port <= 65535)) {
    throw new RangeError(`${text} is no address: write host:port or unix:/path/of.sock`);
  }
  return { kind: 'tcp', host, port };
}

/** As clients dial it: `http://127.0.0.1:4711` or `unix:/path/of.sock`. */
export function formatAddress(address: Address, scheme: 'http' | 'https' = 'http'): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${scheme}://${host}:${address.port}`;
}
