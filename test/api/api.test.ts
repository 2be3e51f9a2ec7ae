import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { invalidRequests as invalidInInventory } from '../../services/inventory/src/validation.cases.js';
import { invalidRequests as invalidInPolicy } from '../../services/policy/src/validation.cases.js';
import { type ApiCase, type Call, invalid } from './api-case.js';
import { addressGroupCases } from './cases/address-groups.js';
import { batchCases } from './cases/batches.js';
import { defaultRuleCases } from './cases/default-rules.js';
import { dispatchCases } from './cases/dispatch.js';
import { etagCases } from './cases/etags.js';
import { importCases } from './cases/imports.js';
import { inventoryCases } from './cases/inventory.js';
import { listCases } from './cases/lists.js';
import { membershipCases } from './cases/memberships.js';
import { quotaCases } from './cases/quotas.js';
import { requestIdCases } from './cases/request-ids.js';
import { ruleCases } from './cases/rules.js';
import { securityGroupCases } from './cases/security-groups.js';
import { textCases } from './cases/texts.js';
import { failureOf } from './failure-of.js';
import { type SuiteUnderTest, startSuite } from './suite-under-test.js';
import { makeThings, type Things } from './things.js';

const themes: Readonly<Record<string, readonly ApiCase[]>> = {
  'address groups': addressGroupCases,
  batches: batchCases,
  'default rules': defaultRuleCases,
  dispatch: dispatchCases,
  etags: etagCases,
  imports: importCases,
  inventory: inventoryCases,
  lists: listCases,
  memberships: membershipCases,
  quotas: quotaCases,
  'request ids': requestIdCases,
  rules: ruleCases,
  'security groups': securityGroupCases,
  texts: textCases,
  'the table of inventory': fromTable('inventory', invalidInInventory),
  'the table of policy': fromTable('policy', invalidInPolicy),
};

describe('over gRPC', () => {
  let suite: SuiteUnderTest;
  let things: Things;

  beforeAll(async () => {
    suite = await startSuite();
    things = await makeThings(suite);
  });
  afterAll(() => suite.close());

  /** Streams are read to their end. */
  async function call(name: Call, request: object): Promise<unknown> {
    const [service, method] = name.split('.') as ['policy', 'getSecurityGroup'];
    const answer: unknown = suite[service][method](request);
    if (typeof answer !== 'object' || answer === null || !(Symbol.asyncIterator in answer)) return answer;
    const parts: unknown[] = [];
    for await (const part of answer as AsyncIterable<unknown>) parts.push(part);
    return parts;
  }

  describe.each(Object.entries(themes))('%s', (_, cases) => {
    it.each(cases)('%s', async (...[, name, requested, failing]: ApiCase) => {
      const request = typeof requested === 'function' ? await requested(things, suite) : requested;
      const before = await suite.revisions();
      const { says = '', ...rest } = failing;
      const failure = await failureOf(call(name, request));
      expect(failure).toMatchObject({ violations: [], ...rest });
      expect(failure.message).toContain(says);
      expect(await suite.revisions()).toBe(before);
    });
  });
});

/** What the tests of the services hold against their handlers comes out the same at the other end of a connection. */
function fromTable(
  service: 'policy' | 'inventory',
  table: typeof invalidInPolicy | typeof invalidInInventory,
): ApiCase[] {
  return table.map(([method, request, violations]): ApiCase => {
    const call = `${service}.${method}` as Call;
    return [`${method}: ${violations.join(', ').slice(0, 100)}`, call, request, invalid(...violations)];
  });
}
