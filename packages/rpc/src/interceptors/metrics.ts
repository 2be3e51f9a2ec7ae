import { performance } from 'node:perf_hooks';
import { Histogram, type Registry } from 'prom-client';
import { codeName } from '../code-name.js';
import type { Interceptor } from '../interceptor.js';

const name = 'rpc_server_duration_seconds';
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 300];

/** Counts calls and how long they took, by service, method and gRPC code. Servers of one process may share a registry. */
export function metrics(registry: Registry): Interceptor {
  const existing = registry.getSingleMetric(name) as Histogram<'service' | 'method' | 'code'> | undefined;
  const histogram =
    existing ??
    new Histogram({
      name,
      help: 'Time from the arrival of a call to its end; for streams their whole life.',
      labelNames: ['service', 'method', 'code'],
      buckets,
      registers: [registry],
    });
  return (context) => {
    const beganAt = performance.now();
    return (thrown) => {
      const { service, method } = context;
      const labels = { service: service.typeName, method: method.name, code: codeName(thrown) };
      histogram.observe(labels, (performance.now() - beganAt) / 1000);
      return thrown;
    };
  };
}
