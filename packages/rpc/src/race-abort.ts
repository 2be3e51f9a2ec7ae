import type { CallContext } from './call-context.js';

/**
 * Waits for one promise after another, and gives up on the one in hand when the call is aborted. (`Promise.race` with one
 * long-lived promise would keep a reaction for every message of a stream.)
 */
export function raceAbort(context: CallContext): { race<T>(promise: Promise<T>): Promise<T>; release(): void } {
  let rejectCurrent: ((reason: unknown) => void) | undefined;
  const onAbort = () => rejectCurrent?.(context.reason);
  return {
    race: (promise) =>
      new Promise((resolve, reject) => {
        rejectCurrent = reject;
        promise.then(resolve, reject);
        if (context.aborted) onAbort();
      }),
    release: context.onAbort(onAbort),
  };
}
