/** Aborts when the run is told to end, or takes longer than a cold run on a slow machine may. */
const limitMs = 18 * 60_000;

const controller = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => controller.abort(new Error(`told to end by ${name}`)));
}
setTimeout(() => controller.abort(new Error(`not done after ${limitMs / 60_000} minutes`)), limitMs).unref();

export const stop: AbortSignal = controller.signal;
