import { failureOf } from '@portcullis/resource/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goodRule, group, openWorld, type PolicyWorld } from './testing/policy-world.js';
import { type InvalidRequest, invalidRequests } from './validation.cases.js';

describe('a request with something wrong', () => {
  let world: PolicyWorld;

  beforeAll(async () => {
    world = await openWorld();
    await world.createGroup('g');
  });
  afterAll(() => world.close());

  it.each(invalidRequests.map(([method, request, violations]) => ({ method, request, violations })))(
    '$method: $violations',
    async ({
      method,
      request,
      violations,
    }: {
      method: InvalidRequest[0];
      request: object;
      violations: InvalidRequest[2];
    }) => {
      const { revision } = await world.store.read(async () => undefined);
      const call = world.client[method] as (request: object) => Promise<unknown>;
      expect(await failureOf(call(request))).toMatchObject({
        code: 'InvalidArgument',
        reason: violations[0]?.split(' ')[1],
        violations,
      });
      expect((await world.store.read(async () => undefined)).revision).toBe(revision);
    },
  );

  it('is told the value and what is allowed', async () => {
    const securityGroupRule = goodRule({ startPort: 0, endPort: 65_536, cidr: '10.0.0.0/40' });
    const call = world.client.createSecurityGroupRule({ parent: group('g'), securityGroupRule });
    expect((await failureOf(call)).message).toBe(
      [
        'security_group_rule.start_port: 0 is not in 1-65535',
        'security_group_rule.end_port: 65536 is not in 1-65535',
        'security_group_rule.cidr: "10.0.0.0/40" is not an address, or an address and a length: 0-32 for IPv4, 0-128 for IPv6',
      ].join('; '),
    );
  });
});
