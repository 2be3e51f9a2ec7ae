import { parseArgs } from 'node:util';
import { benchApi } from './api/api.js';
import { benchChange } from './change/change.js';
import { environmentOf } from './environment.js';
import { formatTable, type Result } from './result.js';

/** `npm run bench -- NAME [options]`. */

interface BenchOptions {
  readonly backend: 'nft' | 'legacy';
  /** change: times each change is made; api: tenths of a second that each load lasts. */
  readonly repeat: number;
  readonly onProgress: (message: string) => void;
}

const benches: Readonly<Record<string, { about: string; run: (options: BenchOptions) => Promise<Result[]> }>> = {
  change: {
    about: 'from a gRPC call to the kernel: one host, 500 NICs, 50 groups of 20 rules, 1 000 members per remote group',
    run: benchChange,
  },
  api: {
    about: 'reads and durable writes per second at 1, 32 and 256 callers, on SQLite and PostgreSQL',
    run: benchApi,
  },
};

const help = `npm run bench -- NAME [--backend nft|legacy] [--repeat N] [--json]

${Object.entries(benches)
  .map(([name, { about }]) => `  ${name.padEnd(8)} ${about}`)
  .join('\n')}

  --backend  iptables back end; default nft
  --repeat   change: times each change is made; api: tenths of a second that each load lasts; 5-10000, default 100
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
        backend: { type: 'string', default: 'nft' },
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
if (backend !== 'nft' && backend !== 'legacy') fail(`--backend ${backend}: must be nft or legacy`);
const repeat = Number(values.repeat);
if (!Number.isInteger(repeat) || repeat < 5 || repeat > 10_000)
  fail(`--repeat ${values.repeat}: must be from 5 to 10000`);
if (process.getuid?.() !== 0) {
  process.stderr.write('npm run bench: needs root: it programs iptables in network namespaces of its own\n');
  process.exit(1);
}

const environment = environmentOf(backend);
const results = await bench.run({
  backend,
  repeat,
  onProgress: (message) => process.stderr.write(`bench: ${message}\n`),
});
if (values.json) process.stdout.write(`${JSON.stringify({ bench: name, environment, results }, null, 2)}\n`);
else process.stdout.write(formatTable(name, environment, results));
process.exit(0);
