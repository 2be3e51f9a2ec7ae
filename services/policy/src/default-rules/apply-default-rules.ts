import type { Transaction } from '@portcullis/store';
import { defaultRules, rules } from '../documents.js';
import { newGroupNames, projectOf } from '../names.js';
import type { Quotas } from '../quota/quotas.js';
import { automaticRules } from '../rule/automatic-rules.js';
import { createRules } from '../rule/create-rules.js';
import { expiryOf } from '../rule/expire-time.js';

interface FirstRules {
  readonly securityGroup: string;
  readonly withoutDefaultRules: boolean;
  readonly quotas: Quotas;
  readonly now: Date;
}

/**
 * Gives a new group its automatic rules and the default rules of its project: not those whose time has passed, and not those
 * that say what an automatic one says.
 */
export async function putFirstRules(
  tx: Transaction,
  { securityGroup, withoutDefaultRules, quotas, now }: FirstRules,
): Promise<void> {
  const name = `${projectOf(securityGroup)}/defaultRules`;
  const template = withoutDefaultRules ? undefined : await defaultRules.get(tx, name);
  if (!template?.withoutAutomaticRules) await rules.put(tx, automaticRules(securityGroup, now));
  const living = (template?.rules ?? []).filter(
    ({ expireTime }) => !expireTime || expiryOf(expireTime) > now.getTime(),
  );
  if (living.length === 0) return;
  const sent = living.map(({ $typeName: _, ...fields }, i) => {
    const isOfItself = newGroupNames.parse(fields.remoteSecurityGroup) !== undefined;
    return {
      field: `${name}.rules[${i}]`,
      fields: { ...fields, ...(isOfItself && { remoteSecurityGroup: securityGroup }) },
    };
  });
  await createRules(tx, { parent: securityGroup, sent, skipExisting: true, quotas, now });
}
