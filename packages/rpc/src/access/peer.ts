import { type DetailedPeerCertificate, type PeerCertificate, TLSSocket } from 'node:tls';
import { createContextKey } from '@connectrpc/connect';

/** Reads `namesOfSocket` of the connection of a call: how HTTP/1 hands it to the interceptors. */
export const peerKey = createContextKey<() => readonly string[]>(() => [], { description: 'peer' });

export function namesOfSocket(socket: unknown): readonly string[] {
  return socket instanceof TLSSocket && socket.authorized ? namesOfCertificate(socket.getPeerCertificate()) : [];
}

/**
 * The names in the certificate that the other side of a connection has shown, and the authority for clients has signed:
 * `CN:h1`, `DNS:h1.example`, `URI:spiffe://cloud/h1`.
 */
export function namesOfCertificate(certificate: PeerCertificate | DetailedPeerCertificate | undefined): string[] {
  const commonName: unknown = certificate?.subject?.CN;
  // Several common names are a list, of which nobody can tell which one is meant.
  const names = typeof commonName === 'string' ? [`CN:${commonName}`] : [];
  for (const entry of certificate?.subjectaltname?.match(alternativeNames) ?? []) {
    const name = entry.trim();
    // Node quotes values that hold what separates values: those are no names that anybody gives in earnest.
    if (/^(DNS|URI):[^"]+$/.test(name)) names.push(name);
  }
  return names;
}

/** The values between commas, except commas in quotes. */
const alternativeNames = /(?:[^,"]|"(?:[^"\\]|\\.)*")+/g;
