import { setTimeout as sleep } from 'node:timers/promises';
import type { Applied } from '@portcullis/plan';
import type { DropLog } from '@portcullis/ruleset';
import type { Logger } from '@portcullis/runtime';
import { Enforcement } from './apply/enforcement.js';
import { bridgeNetfilterProblem } from './conditions/bridge-netfilter.js';
import type { Backend, KernelTools } from './kernel/kernel-tools.js';
import { openTools } from './kernel/open-tools.js';
import { Revoker } from './revoke/revoker.js';
import { StateFile } from './state-file/state-file.js';

export interface BootOptions {
  /** hosts/{host} */
  readonly host: string;
  readonly stateDir: string;
  readonly log: Logger;
  /** Default: `auto`. */
  readonly backend?: Backend | 'auto';
  /** As of the enforcer that follows. Default: `defaultDropLog`. */
  readonly dropLog?: DropLog;
  /** How long a lock that another program holds is waited for. Default: 60 000 ms. */
  readonly patienceMs?: number;
  /** Instead of this host's tools, for tests. */
  readonly tools?: KernelTools;
}

/**
 * Puts the last known state in force without asking anybody, for the time before the network is up. Where nothing has ever
 * been known, there is nothing to enforce. Throws when what was known is lost, or cannot be put in force.
 */
export async function boot({ host, stateDir, log, backend = 'auto', ...options }: BootOptions): Promise<void> {
  const stateFile = new StateFile({ folder: stateDir, host, onWriteError: () => undefined });
  const { kept, problems } = await stateFile.load();
  if (kept === undefined) {
    if (problems.length > 0) throw new Error(`the last known state is lost: ${problems.join('; ')}`);
    log.warn({ stateDir }, 'no state is known yet: nothing is enforced before the dispatcher has answered once');
    return;
  }
  if (problems.length > 0) log.warn({ problems }, 'the newest state is lost: the one before it is enforced');
  const { tools, clearOtherBackend } = options.tools
    ? { tools: options.tools, clearOtherBackend: undefined }
    : await openTools(backend, log);
  try {
    const { desired, before } = kept;
    const enforcement = new Enforcement({ tools, log, dropLog: options.dropLog });
    // Nothing flows at a boot; whoever runs this later lets nothing go on that is stopped.
    const revoker = new Revoker({ tools, before });
    const standing = (applied: Applied) => revoker.standing(desired.state, applied);
    const giveUpAt = performance.now() + (options.patienceMs ?? 60_000);
    let enforced = await enforcement.enforce(desired, standing);
    while (enforced.failed?.failure === 'locked' && performance.now() < giveUpAt) {
      log.warn({ err: enforced.failed }, 'another program holds the xtables lock');
      await sleep(200);
      enforced = await enforcement.enforce(desired, standing);
    }
    if (enforced.failed !== undefined) throw enforced.failed;
    await clearOtherBackend?.();
    const { generation, state } = desired;
    log.info({ generation, nics: state.nics.size, closed: enforced.closed }, 'the last known state is in force');
    const { framesProblem } = enforcement;
    if (framesProblem !== undefined) log.error({ reason: 'FRAMES_UNFILTERED' }, framesProblem);
  } finally {
    await tools.close();
  }
  const bridgeProblem = await bridgeNetfilterProblem();
  if (bridgeProblem !== undefined) log.error({ reason: 'BRIDGE_NETFILTER_OFF' }, bridgeProblem);
}
