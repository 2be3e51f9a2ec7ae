import { once } from 'node:events';
import { ConfigurationExit, type Options, readConfiguration } from '@portcullis/runtime';
import { kernelState } from '@portcullis/testing';
import { z } from 'zod';
import { type Cloud, openCloud } from './cloud.js';
import { rows } from './rows/index.js';
import { problemLines, tableHead, tableLine } from './table.js';
import { usageLines } from './usage.js';
import { walk } from './walk.js';

/** `npm start`: a whole cloud on this machine, a walk through what security groups promise, then it stays up. */

const options = {
  once: {
    flag: '--once',
    environment: 'PORTCULLIS_ONCE',
    description: 'end after the walk: status 0 if every row holds, else 1',
    schema: z
      .string()
      .optional()
      .transform((text) => text === 'true'),
  },
  backend: {
    flag: '--backend <nft|legacy>',
    environment: 'PORTCULLIS_BACKEND',
    description: 'iptables back end of the hosts',
    schema: z.enum(['nft', 'legacy'], 'must be nft or legacy').default('nft'),
  },
  listen: {
    flag: '--listen <host:port>',
    environment: 'PORTCULLIS_LISTEN',
    description: 'where the services are reached; any free port with --once unless given, else 127.0.0.1:7700',
    schema: z.string().optional(),
  },
} satisfies Options;

async function main(): Promise<number> {
  const config = readConfiguration(
    {
      name: 'npm start --',
      description:
        'Starts every service and a lab of two hosts and ten VMs, walks through the promises with real packets, and stays up.',
      version: '0.1.0',
      options,
    },
    process.argv.slice(2),
    process.env,
  );
  if (process.getuid?.() !== 0) {
    console.error(
      'npm start: needs root: the hosts and VMs of its lab are network namespaces, and their firewalls are real.',
    );
    return 1;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const cloud = await openCloud({
    listen: config.listen ?? (config.once ? '127.0.0.1:0' : '127.0.0.1:7700'),
    backend: config.backend,
    onProgress: (message) => console.log(`start: ${message}`),
  });
  try {
    const failedCount = await showWalk(cloud, stop.signal);
    if (config.once || stop.signal.aborted) return failedCount === 0 ? 0 : 1;
    console.log(usageLines(cloud.suite.addresses[0] ?? '').join('\n'));
    if (!stop.signal.aborted) await once(stop.signal, 'abort');
    console.log('\nstart: ending the services, removing the lab');
    return failedCount === 0 ? 0 : 1;
  } finally {
    await cloud.close();
  }
}

/** Prints a line for each row; returns how many do not hold. */
async function showWalk(cloud: Cloud, signal: AbortSignal): Promise<number> {
  const stage = { scheduler: cloud.scheduler, lab: cloud.lab, rules: new Map<string, string>() };
  let number = 0;
  let failedCount = 0;
  console.log(`\n${tableHead()}`);
  for await (const result of walk(rows, stage, cloud.prober)) {
    number += 1;
    console.log(tableLine(result, number));
    if (result.problems.length > 0) {
      if (failedCount === 0) console.log(await kernelState(cloud.lab));
      failedCount += 1;
      console.log([...problemLines(result), ...cloud.deadEnforcers()].join('\n'));
    }
    if (signal.aborted) break;
  }
  console.log(
    `\nrows: ${number - failedCount} hold, ${failedCount} do not${number < rows.length ? `, ${rows.length - number} not run` : ''}`,
  );
  return failedCount + (rows.length - number);
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    if (error instanceof ConfigurationExit) {
      (error.status === 0 ? process.stdout : process.stderr).write(error.message);
      process.exit(error.status);
    }
    console.error(`npm start: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  },
);
