import { type Client, connectivityState } from '@grpc/grpc-js';
import type { Logger } from '@portcullis/runtime';

/** One line when a server is reached, lost, or not to be reached. Ends with the channel. */
export function logConnection(channel: ReturnType<Client['getChannel']>, target: string, log: Logger): void {
  const watch = (state: connectivityState, wasReady: boolean) => {
    channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => {
      const next = channel.getConnectivityState(false);
      if (next === connectivityState.SHUTDOWN) return;
      if (next === connectivityState.READY) log.info({ target }, 'connected');
      else if (wasReady) log.info({ target }, 'connection lost');
      else if (next === connectivityState.TRANSIENT_FAILURE) log.warn({ target }, 'cannot connect');
      watch(next, next === connectivityState.READY);
    });
  };
  watch(channel.getConnectivityState(false), false);
}
