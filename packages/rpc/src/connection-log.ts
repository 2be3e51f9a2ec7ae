import { type Client, connectivityState } from '@grpc/grpc-js';
import type { Logger } from '@portcullis/runtime';

/** One line when a server is reached, lost, or not to be reached; none for further attempts. Ends with the channel. */
export function logConnection(channel: ReturnType<Client['getChannel']>, target: string, log: Logger): void {
  let wasConnected = false;
  let isAway = false;
  const tell = (state: connectivityState) => {
    if (state === connectivityState.READY) log.info({ target }, 'connected');
    else if (wasConnected) log.info({ target }, 'disconnected');
    else if (state === connectivityState.TRANSIENT_FAILURE && !isAway) {
      log.warn({ target }, 'cannot connect');
      isAway = true;
    }
    wasConnected = state === connectivityState.READY;
    if (wasConnected) isAway = false;
  };
  const watch = (state: connectivityState) => {
    channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => {
      const next = channel.getConnectivityState(false);
      if (next === connectivityState.SHUTDOWN) return;
      tell(next);
      watch(next);
    });
  };
  watch(channel.getConnectivityState(false));
}
