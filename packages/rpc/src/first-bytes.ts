import type { Socket } from 'node:net';

/** What every HTTP/2 client says first (RFC 9113, 3.4), up to the part that tells it from HTTP/1. */
const preface = Buffer.from('PRI * HTTP/2.0');

/**
 * Looks at the first bytes of a connection, without taking them away: whether it speaks HTTP/2. Undefined when it ends, or
 * says nothing for too long; it is destroyed then.
 */
export function speaksHttp2(socket: Socket, timeoutMs: number): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    let seen = Buffer.alloc(0);
    const settle = (answer: boolean | undefined) => {
      clearTimeout(timer);
      socket.off('readable', onReadable).off('end', onGone).off('close', onGone).off('error', onGone);
      if (seen.length > 0) socket.unshift(seen);
      resolve(answer);
    };
    const onGone = () => {
      seen = Buffer.alloc(0);
      socket.destroy();
      settle(undefined);
    };
    const onReadable = () => {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) return;
      seen = Buffer.concat([seen, chunk]);
      const length = Math.min(seen.length, preface.length);
      if (seen.compare(preface, 0, length, 0, length) !== 0) settle(false);
      else if (length === preface.length) settle(true);
    };
    const timer = setTimeout(onGone, timeoutMs);
    socket.on('readable', onReadable).once('end', onGone).once('close', onGone).once('error', onGone);
  });
}
