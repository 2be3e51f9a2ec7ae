import { setTimeout as sleep } from 'node:timers/promises';
import { Code, ConnectError } from '@connectrpc/connect';
import { healthV1 } from '@portcullis/api';
import type { Readiness } from './readiness.js';
import { type Registration, serviceOf } from './registration.js';

const ServingStatus = healthV1.HealthCheckResponse_ServingStatus;

/** How long a change of readiness may go unnoticed by a watch. */
const pollIntervalMs = 100;

/** The health checking protocol of gRPC; the empty service name asks about the whole server. */
export function healthService(readiness: Readiness): Registration {
  const statusOf = (service: string) => {
    const ready = readiness.of(service);
    if (ready === undefined) return ServingStatus.SERVICE_UNKNOWN;
    return ready ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  };
  return serviceOf(healthV1.Health, {
    check({ service }) {
      const status = statusOf(service);
      if (status !== ServingStatus.SERVICE_UNKNOWN) return { status };
      throw new ConnectError(`there is no service ${service}`, Code.NotFound);
    },

    async *watch({ service }, { signal }) {
      let last: number | undefined;
      for (;;) {
        const status = statusOf(service);
        if (status !== last) yield { status };
        last = status;
        await sleep(pollIntervalMs, undefined, { signal, ref: false });
      }
    },
  });
}
