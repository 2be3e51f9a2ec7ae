import { readFileSync } from 'node:fs';
import { Code } from '@connectrpc/connect';
import { dispatchV1, enforceV1, inventoryV1, policyV1 } from '@portcullis/api';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { serviceConfig } from './folders.js';

/** What every gRPC library accepts: the JSON form of grpc.service_config.ServiceConfig, unknown keys refused. */
const duration = z.string().regex(/^(0|[1-9]\d*)(\.\d{1,9})?s$/);
const codeNames = Object.keys(Code)
  .filter((name) => !/^\d/.test(name))
  .map((name) => name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase());
const schema = z.strictObject({
  methodConfig: z.array(
    z.strictObject({
      name: z.array(z.strictObject({ service: z.string().min(1), method: z.string().min(1).optional() })).min(1),
      timeout: duration.optional(),
      retryPolicy: z
        .strictObject({
          // Libraries cut it at 5.
          maxAttempts: z.int().min(2).max(5),
          initialBackoff: duration,
          maxBackoff: duration,
          backoffMultiplier: z.number().positive(),
          retryableStatusCodes: z.array(z.enum(codeNames)).min(1),
        })
        .optional(),
    }),
  ),
  retryThrottling: z.strictObject({ maxTokens: z.number().positive().max(1000), tokenRatio: z.number().positive() }),
});

const config = schema.parse(JSON.parse(readFileSync(serviceConfig, 'utf8')));
const services = [inventoryV1.InventoryService, policyV1.PolicyService, dispatchV1.DispatchService];
const methods = services.flatMap((service) =>
  service.methods.map((method) => ({ service: service.typeName, method: method.name, kind: method.methodKind })),
);
const names = config.methodConfig.flatMap(({ name }) => name);

/** The entry that a library takes for a method: its own, else that of its service. */
function configOf({ service, method }: { service: string; method: string }) {
  const has = (wanted: string | undefined) =>
    config.methodConfig.find(({ name }) => name.some((each) => each.service === service && each.method === wanted));
  return has(method) ?? has(undefined);
}

describe('proto/service-config.json', () => {
  it('names only services and methods that exist, each once', () => {
    const known = new Set([
      ...services.map(({ typeName }) => typeName),
      ...methods.map(({ service, method }) => `${service}/${method}`),
    ]);
    const written = names.map(({ service, method }) => (method === undefined ? service : `${service}/${method}`));
    expect(written.filter((name) => !known.has(name))).toEqual([]);
    expect(written.toSorted()).toEqual([...new Set(written)].toSorted());
  });

  it('says nothing of what enforcers call', () => {
    expect(names.filter(({ service }) => service === enforceV1.EnforceService.typeName)).toEqual([]);
  });

  it.each(methods)('$service/$method is repeated exactly if a second time changes nothing', (each) => {
    const isRepeatable = /^(Get|List|BatchGet|Export|Wait|Watch|Create|BatchCreate)/.test(each.method);
    const codes = configOf(each)?.retryPolicy?.retryableStatusCodes;
    expect(codes).toEqual(isRepeatable ? ['UNAVAILABLE'] : undefined);
  });

  it.each(methods)('$service/$method has a deadline exactly if it answers once', (each) => {
    const timeout = configOf(each)?.timeout;
    const expected = each.kind !== 'unary' ? undefined : each.method.startsWith('Wait') ? '310s' : '15s';
    expect(timeout).toBe(expected);
  });
});
