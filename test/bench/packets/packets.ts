import { compareRounds, type Result } from '../result.js';
import { populationOf } from './population.js';
import { type Backend, Site } from './site.js';

export interface PacketsOptions {
  readonly backends: readonly Backend[];
  /** Rounds of each measurement. */
  readonly repeat: number;
  readonly onProgress: (message: string) => void;
}

/** What one round sends at each host: a millisecond or some, which most often pass without another process in between. */
const counts = { flow: 300, stream: 2, first: 300, connect: 20 } as const;
type Measurement = keyof typeof counts;

/** A stream keeps two cores busy, so that its rounds differ more than others: there are more of them. */
const streamRounds = 4;

const nicCounts = [1, 100, 500] as const;
/** The size of host that throughput is told for. */
const fullNicCount = 500;

/**
 * The price of the data plane: packets between two VMs of one host, through our rules and through naive ones, beside a
 * host without rules that tracks connections all the same. In every round each host has its turn.
 *
 * `established` is the throughput of a TCP connection, which is what its users see: its segments pass the rules as the large
 * packets that the kernel makes of them. `established-frames` is the rate of the smallest frames, the worst there is.
 * `floor-` is what no host of these tools can do without, measured in the same rounds (floor.ts): no rules come nearer to the
 * bare host than that.
 */
export async function benchPackets({ backends, repeat, onProgress }: PacketsOptions): Promise<Result[]> {
  const results: Result[] = [];
  for (const nicCount of nicCounts) {
    const sites: Site[] = [];
    try {
      onProgress(`${nicCount} NICs: making the hosts and their rules, with and without them`);
      const population = populationOf(nicCount);
      const bare = await Site.open('bare', 'nft', population);
      sites.push(bare);
      for (const backend of backends) {
        const compared =
          nicCount === fullNicCount ? (['ours', 'floor', 'naive'] as const) : (['ours', 'naive'] as const);
        for (const rules of compared) sites.push(await Site.open(rules, backend, population));
      }
      const measurements: Measurement[] =
        nicCount === fullNicCount ? ['flow', 'stream', 'first', 'connect'] : ['flow', 'first'];
      for (const measurement of measurements) {
        const rounds = measurement === 'stream' ? streamRounds * repeat : repeat;
        onProgress(`${nicCount} NICs: ${measurement}, ${rounds} rounds`);
        const seconds = await inRounds(sites, measurement, rounds);
        for (const site of sites.slice(1)) {
          const both = { ours: seconds.get(site) ?? [], bare: seconds.get(bare) ?? [] };
          results.push(...resultsOf(measurement, { nicCount, site, rounds: both }));
        }
      }
      for (const site of sites) {
        await site.checkCounters();
        if (site.rules === 'bare' || site.rules === 'floor') continue;
        const name = nameOf(`kernel-rules-${nicCount}-nics`, site);
        results.push({ name, unit: 'rules', value: await site.ruleCount(), n: 1 });
      }
    } finally {
      for (const site of sites) await site.close();
    }
  }
  return results;
}

/** Seconds of every round, by host. The order of the hosts changes with the round, and who comes after whom. */
async function inRounds(sites: readonly Site[], measurement: Measurement, repeat: number) {
  const seconds = new Map(sites.map((site) => [site, [] as number[]]));
  for (let round = -1; round < repeat; round += 1) {
    const first = (round + sites.length) % sites.length;
    const turns = [...sites.slice(first), ...sites.slice(0, first)];
    for (const site of round % 2 === 0 ? turns : turns.toReversed()) {
      const taken = await site[measurement](counts[measurement]);
      // The first round warms up.
      if (round >= 0) seconds.get(site)?.push(taken);
    }
  }
  return seconds;
}

function resultsOf(
  measurement: Measurement,
  of: { nicCount: number; site: Site; rounds: { ours: readonly number[]; bare: readonly number[] } },
): Result[] {
  const count = counts[measurement];
  const compare = (what: string, unit: string, figure: (seconds: number) => number) =>
    compareRounds(nameOf(what, of.site), unit, { ours: of.rounds.ours.map(figure), bare: of.rounds.bare.map(figure) });
  const rate = (what: string, unit: string) => compare(what, unit, (seconds) => count / seconds);
  const cost = (what: string) =>
    compare(
      of.site.rules === 'floor' ? what : `${what}-${of.nicCount}-nics`,
      'ns',
      (seconds) => (seconds / count) * 1e9,
    );
  switch (measurement) {
    case 'flow':
      return [
        ...(of.nicCount === fullNicCount ? [rate('established-frames', 'packets/s')] : []),
        cost('established-packet'),
      ];
    case 'stream':
      return [compare('established', 'Gbit/s', (seconds) => (count * 2 ** 23) / 1e9 / seconds)];
    case 'first':
      return [cost('first-packet')];
    case 'connect':
      return [rate('new-connections', 'connections/s')];
  }
}

function nameOf(what: string, { rules, backend }: Site): string {
  return `${rules === 'ours' ? '' : `${rules}-`}${what}-${backend}`;
}
