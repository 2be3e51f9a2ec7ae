/**
 * Waits for one promise after another, and gives up on the one in hand when the signal aborts. (`Promise.race` with one
 * long-lived promise would keep a reaction for every message of a stream.)
 */
export function raceAbort(signal: AbortSignal): { race<T>(promise: Promise<T>): Promise<T>; release(): void } {
  let rejectCurrent: ((reason: unknown) => void) | undefined;
  const onAbort = () => rejectCurrent?.(signal.reason);
  signal.addEventListener('abort', onAbort);
  return {
    race: (promise) =>
      new Promise((resolve, reject) => {
        rejectCurrent = reject;
        promise.then(resolve, reject);
        if (signal.aborted) onAbort();
      }),
    release: () => signal.removeEventListener('abort', onAbort),
  };
}
