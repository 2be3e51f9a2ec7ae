/** What a number of callers saw, who call one after the other for a while. */
export interface Load {
  readonly callsPerSecond: number;
  /** Milliseconds of each call. */
  readonly latencies: readonly number[];
}

/** So many callers at once, each calling again as soon as it has its answer, for so long. The first tenth is not counted. */
export async function runLoad(
  callerCount: number,
  durationMs: number,
  call: (caller: number, round: number) => Promise<unknown>,
): Promise<Load> {
  const latencies: number[] = [];
  const startedAt = performance.now();
  const countedFrom = startedAt + durationMs / 10;
  const endsAt = startedAt + durationMs;
  const work = async (caller: number) => {
    for (let round = 0; performance.now() < endsAt; round += 1) {
      const calledAt = performance.now();
      await call(caller, round);
      if (calledAt >= countedFrom) latencies.push(performance.now() - calledAt);
    }
  };
  await Promise.all(Array.from({ length: callerCount }, (_, caller) => work(caller)));
  return { callsPerSecond: (latencies.length * 1000) / (performance.now() - countedFrom), latencies };
}
