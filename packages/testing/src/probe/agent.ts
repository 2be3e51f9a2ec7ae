import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Lab } from '../lab/lab.js';

/**
 * Reads `send <hex>` from standard input and puts that frame on eth0; prints `recv <hex>` for each frame that comes in.
 * Ends when its input ends, so it never outlives who started it. 17 is AF_PACKET, 3 SOCK_RAW and ETH_P_ALL,
 * 33 SO_RCVBUFFORCE, 4 PACKET_OUTGOING (packet(7), socket(7)).
 */
const program = String.raw`
use strict; use Socket;
open(my $f, '<', '/sys/class/net/eth0/ifindex') or die "eth0: $!"; my $index = <$f> + 0;
socket(my $s, 17, 3, unpack('S', pack('n', 3))) or die "socket: $!";
setsockopt($s, SOL_SOCKET, 33, pack('i', 16777216));
my $address = pack('S n i S C C a8', 17, 3, $index, 0, 0, 0, '');
bind($s, $address) or die "bind: $!";
syswrite(STDOUT, "ready\n");
my $in = '';
while (1) {
  my $ready = ''; vec($ready, 0, 1) = 1; vec($ready, fileno($s), 1) = 1;
  next if select($ready, undef, undef, undef) < 0;
  if (vec($ready, fileno($s), 1)) {
    my $from = recv($s, my $frame, 65536, 0);
    exit 0 unless defined $from;
    syswrite(STDOUT, 'recv ' . unpack('H*', $frame) . "\n") unless unpack('x10 C', $from) == 4;
  }
  if (vec($ready, 0, 1)) {
    sysread(STDIN, $in, 65536, length $in) or exit 0;
    while ($in =~ s/^send ([0-9a-f]+)\n//) { send($s, pack('H*', $1), 0, $address) }
  }
}
`;

/** A process inside a VM that sends and sees whole frames. */
export class Agent {
  #receive: (frame: Buffer) => void = () => undefined;
  #ended = false;
  readonly #child: ChildProcess;
  readonly ready: Promise<void>;

  constructor(lab: Lab, vmId: string) {
    const child = lab.spawnInNamespace(lab.vmNamespace(vmId), 'perl', ['-e', program]);
    this.#child = child;
    child.stdin?.on('error', () => undefined);
    let errors = '';
    child.stderr?.on('data', (text) => {
      errors += String(text);
    });
    this.ready = new Promise((resolve, reject) => {
      child.once('exit', () => {
        this.#ended = true;
        reject(new Error(`probe agent of ${vmId} ended: ${errors}`));
      });
      if (child.stdout === null) return;
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line === 'ready') resolve();
        else this.#receive(Buffer.from(line.slice(5), 'hex'));
      });
    });
    this.ready.catch(() => undefined);
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  onFrame(receive: (frame: Buffer) => void): void {
    this.#receive = receive;
  }

  send(frames: readonly Buffer[]): void {
    this.#child.stdin?.write(frames.map((frame) => `send ${frame.toString('hex')}\n`).join(''));
  }

  close(): void {
    this.#child.stdin?.end();
  }
}
