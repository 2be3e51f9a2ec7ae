import { parseArgs } from 'node:util';
import { benchApi } from './api/api.js';
import { benchChange } from './change/change.js';
import { benchCidrs } from './cidrs/cidrs.js';
import { environmentOf } from './environment.js';
import { benchPackets } from './packets/packets.js';
import { formatTable, type Result } from './result.js';

/** `npm run bench -- NAME [options]`. */

type Backend = 'nft' | 'legacy';

interface BenchOptions {
  readonly backends: readonly Backend[];
  /** change: times each change is made; api: tenths of a second that each load lasts; packets, cidrs: rounds. */
  readonly repeat: number;
  readonly onProgress: (message: string) => void;
}

interface Bench {
  readonly about: string;
  /** Back ends that are measured where none is asked for. */
  readonly backends: readonly Backend[];
  run(options: BenchOptions): Promise<Result[]>;
}

const benches: Readonly<Record<string, Bench>> = {
  change: {
    about: 'from a gRPC call to the kernel: one host, 500 NICs, 50 groups of 20 rules, 1 000 members per remote group',
    backends: ['nft'],
    run: ({ backends: [backend = 'nft'], ...options }) => benchChange({ backend, ...options }),
  },
  api: {
    about: 'reads and durable writes per second at 1, 32 and 256 callers, on SQLite and PostgreSQL',
    backends: ['nft'],
    run: benchApi,
  },
  packets: {
    about:
      'per packet and per new connection on a host of 500 NICs × 100 rules, beside a host without rules and naive rules',
    backends: ['nft', 'legacy'],
    run: benchPackets,
  },
  cidrs: {
    about: 'per packet that meets 8 to 128 CIDRs of one port: a set of them beside a rule for each',
    backends: ['nft', 'legacy'],
    run: benchCidrs,
  },
};

const help = `npm run bench -- NAME [--backend nft|legacy] [--repeat N] [--json]

${Object.entries(benches)
  .map(([name, { about }]) => `  ${name.padEnd(8)} ${about}`)
  .join('\n')}

  --backend  iptables back end; default nft, for packets and cidrs both
  --repeat   change: times each change is made; api: tenths of a second that each load lasts; packets, cidrs:
             rounds of each measurement; 5-10000, default 100
  --json     one JSON object on standard output instead of a table
`;

function fail(message: string): never {
  process.stderr.write(`npm run bench: ${message}\n\n${help}`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        backend: { type: 'string' },
        repeat: { type: 'string', default: '100' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return fail((error as Error).message);
  }
}

const { values, positionals } = readArguments();
if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}
const [name = '', ...rest] = positionals;
const bench = benches[name];
if (bench === undefined || rest.length > 0)
  fail(name === '' ? 'which benchmark?' : `there is no benchmark ${positionals.join(' ')}`);
const { backend } = values;
if (backend !== undefined && backend !== 'nft' && backend !== 'legacy')
  fail(`--backend ${backend}: must be nft or legacy`);
const repeat = Number(values.repeat);
if (!Number.isInteger(repeat) || repeat < 5 || repeat > 10_000)
  fail(`--repeat ${values.repeat}: must be from 5 to 10000`);
if (process.getuid?.() !== 0) {
  process.stderr.write('npm run bench: needs root: it programs iptables in network namespaces of its own\n');
  process.exit(1);
}

// An exit, unlike the end by a signal, takes the labs along.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const backends: readonly Backend[] = backend === undefined ? bench.backends : [backend];
const environment = environmentOf(backends.join('+'));
const results = await bench.run({
  backends,
  repeat,
  onProgress: (message) => process.stderr.write(`bench: ${message}\n`),
});
if (values.json) process.stdout.write(`${JSON.stringify({ bench: name, environment, results }, null, 2)}\n`);
else process.stdout.write(formatTable(name, environment, results));
process.exit(0);
