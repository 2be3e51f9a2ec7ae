import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { dispatchV1, inventoryV1, policyV1 } from '@portcullis/api';
import { openTransport } from '@portcullis/rpc';
import { type Result, summarize } from '../result.js';
import { BareHost } from './bare-host.js';
import { benchFirstApplication } from './first-application.js';
import { memberCount, readKernel, refuseDifferent, ruleCount } from './kernel-text.js';
import { binding, type Clients, createNic, group, host, nicName, populate, remoteGroup } from './population.js';
import { applyMs, ReportLog } from './report-log.js';
import { startCloud } from './start-cloud.js';

export interface ChangeOptions {
  readonly backend: 'nft' | 'legacy';
  readonly repeat: number;
  readonly onProgress: (message: string) => void;
}

/**
 * One kind of change. `prepare` is not measured, and returns a token where it concerns the host; `call` returns the token
 * that is waited for.
 */
interface Change {
  readonly name: string;
  prepare?(round: number): Promise<string | undefined>;
  call(round: number): Promise<string>;
}

/** Hosts of the lab: those that an enforcer has its turn on, each with a bare one beside it. */
const hostPairs = [1, 2, 3].map((i) => [`h${i}`, `bare${i}`] as const);

/** What the population comes to on its host, both families: whoever changes what is rendered changes it here. */
const expectedSize = { rules: 33_142, members: 11_000 };

/**
 * From the gRPC call to the kernel's acknowledgement, and inside the enforcer, beside bare processes that make the same
 * changes on another host. Both hosts end with the same rules, which is checked.
 */
export async function benchChange({ backend, repeat, onProgress }: ChangeOptions): Promise<Result[]> {
  onProgress('starting the services and a lab');
  const cloud = await startCloud(backend, hostPairs.flat());
  const transport = openTransport(cloud.address);
  const dispatch = createClient(dispatchV1.DispatchService, transport);
  const reports = new ReportLog(dispatch, host);
  try {
    const clients = {
      policy: createClient(policyV1.PolicyService, transport),
      inventory: createClient(inventoryV1.InventoryService, transport),
    };
    const revisionToken = await populate(clients, onProgress);
    const waitFor = async (revisionTokens: string[], timeoutMs = 10_000) => {
      const answer = await dispatch.waitForEnforcement({ revisionTokens, timeout: durationFromMs(timeoutMs) });
      if (!answer.enforced)
        throw new Error(`not enforced: ${answer.laggingHosts.map(({ message }) => message).join()}`);
    };
    const pairs = hostPairs.map(([name, bareName]) => ({
      name,
      bareName,
      bare: new BareHost(cloud.lab, bareName, backend),
    }));
    onProgress(`applying everything, ${pairs.length} times, and once more where it is in force`);
    const first = await benchFirstApplication({ cloud, backend, pairs, reports, revisionToken });
    const size = { rules: ruleCount(first.kernel), members: memberCount(first.kernel) };
    if (size.rules !== expectedSize.rules || size.members !== expectedSize.members) {
      throw new Error(`the host has ${JSON.stringify(size)}, not ${JSON.stringify(expectedSize)}`);
    }
    const count = (name: string, value: number): Result => ({ name, unit: 'lines', value, n: 1 });
    const results = [...first.results, count('kernel-rules', size.rules), count('set-lines', size.members)];
    const { name: labHost, bareName, bare } = first.last;

    for (const change of changesOf(clients)) {
      onProgress(`${change.name}, ${repeat} times`);
      const figures = { way: [] as number[], apply: [] as number[], bare: [] as number[] };
      /** Lets the bare host follow what the host reports until it has acknowledged; both in milliseconds. */
      const follow = async (token: string): Promise<{ apply: number; bare: number }> => {
        const seen = await reports.until(token);
        let bareMs = 0;
        for (const { diff } of seen) if (diff !== undefined) bareMs += await bare.apply(diff);
        return { apply: applyMs(seen), bare: bareMs };
      };
      for (let round = 0; round < repeat; round += 1) {
        const prepared = await change.prepare?.(round);
        if (prepared !== undefined) {
          await waitFor([prepared]);
          await follow(prepared);
        }
        const startedAt = performance.now();
        const token = await change.call(round);
        await waitFor([token]);
        figures.way.push(performance.now() - startedAt);
        const { apply, bare: bareMs } = await follow(token);
        figures.apply.push(apply);
        figures.bare.push(bareMs);
      }
      results.push(
        summarize(change.name, { ours: figures.way, bare: figures.bare }),
        summarize(`apply-${change.name}`, { ours: figures.apply, bare: figures.bare }),
      );
    }
    const kernel = await readKernel(cloud.lab, labHost, backend);
    refuseDifferent(kernel, await readKernel(cloud.lab, bareName, backend));
    return results;
  } finally {
    reports.close();
    transport.close();
    await cloud.close();
  }
}

/** Each leaves the host for the next as it found it, but for the NICs and members that were added. */
function changesOf(clients: Clients): Change[] {
  const { policy, inventory } = clients;
  const rules: string[] = [];
  const rule = (round: number) => {
    const port = 20_000 + round;
    const what = {
      direction: policyV1.Direction.INGRESS,
      protocol: policyV1.Protocol.TCP,
      startPort: port,
      endPort: port,
    };
    return { parent: group(round % 50), securityGroupRule: { ...what, cidr: '198.51.100.0/24' } };
  };
  const membership = (round: number) => ({ securityGroup: remoteGroup(0), nics: [nicName(`member${round}`)] });
  return [
    {
      name: 'rule-added',
      call: async (round) => {
        const { securityGroupRule, revisionToken } = await policy.createSecurityGroupRule(rule(round));
        rules.push(securityGroupRule?.name ?? '');
        return revisionToken;
      },
    },
    {
      name: 'rule-removed',
      call: async (round) => (await policy.deleteSecurityGroupRule({ name: rules[round] ?? '' })).revisionToken,
    },
    {
      name: 'member-added',
      prepare: async (round) => {
        await createNic(clients, `member${round}`, 10_000 + round);
        return undefined;
      },
      call: async (round) => (await policy.addNics(membership(round))).revisionToken,
    },
    {
      name: 'member-removed',
      call: async (round) => (await policy.removeNics(membership(round))).revisionToken,
    },
    {
      name: 'nic-added',
      prepare: async (round) => {
        await createNic(clients, `new${round}`, 30_000 + round);
        const membershipOfNew = { securityGroup: group(round % 50), nics: [nicName(`new${round}`)] };
        return (await policy.addNics(membershipOfNew)).revisionToken;
      },
      call: async (round) => {
        const nicBinding = binding(`new${round}.0`);
        return (await inventory.createNicBinding({ parent: nicName(`new${round}`), nicBinding })).revisionToken;
      },
    },
  ];
}
