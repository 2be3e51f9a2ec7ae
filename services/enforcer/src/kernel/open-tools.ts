import type { Logger } from '@portcullis/runtime';
import { clearBackend, detectBackend } from './backend.js';
import { createLauncher } from './exec.js';
import type { Backend, KernelTools } from './kernel-tools.js';
import { SessionTools } from './session-tools.js';

export interface OpenedTools {
  readonly tools: KernelTools;
  /** Takes our rules out of the back end that is not in use any more; undefined where it has none. */
  readonly clearOtherBackend: (() => Promise<void>) | undefined;
}

/** The tools of this host, for the back end that fits. Throws when they cannot be used. */
export async function openTools(wanted: Backend | 'auto', log: Logger): Promise<OpenedTools> {
  const launcher = createLauncher();
  const { backend, reason, leftIn } = await detectBackend(wanted, launcher);
  log.info({ backend, reason }, 'back end of iptables');
  return {
    tools: new SessionTools(backend, launcher, (problem) =>
      problem === undefined
        ? log.info('the kernel tells which program changes rules')
        : log.warn({ problem }, 'changes of rules by other programs are found by the timer only'),
    ),
    clearOtherBackend: leftIn && (() => clearBackend(leftIn, launcher)),
  };
}
