import { clone } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { blockedBy } from '@portcullis/resource';
import type { Transaction } from '@portcullis/store';
import { defaultRules, naming, rules } from '../documents.js';
import { groupOfRule, projectOf } from '../names.js';

export interface Release {
  /** A security group or an address group. */
  readonly name: string;
  readonly force: boolean;
  /** Of the error. */
  readonly reason: string;
  /** What rules that stand in the way are called. */
  readonly ruleWords: string;
  readonly now: Date;
}

/**
 * Before a group is deleted: with `force` deletes the rules that name it, but for its own, and takes them out of the default
 * rules of its project. Throws FAILED_PRECONDITION where there are any, and no force.
 */
export async function releaseFromRules(
  tx: Transaction,
  { name, force, reason, ruleWords, now }: Release,
): Promise<void> {
  const users: string[] = [];
  for await (const rule of rules.all(tx, naming(name))) if (groupOfRule(rule.name) !== name) users.push(rule.name);
  const template = await defaultRules.get(tx, `${projectOf(name)}/defaultRules`);
  const kept = template?.rules.filter((rule) => rule.remoteSecurityGroup !== name && rule.addressGroup !== name);
  const isInTemplate = template !== undefined && kept?.length !== template.rules.length;
  if (!force && (users.length > 0 || isInTemplate)) {
    const who = users.length > 0 ? `${users.length} ${ruleWords}; ListReferencingRules lists all of them` : '';
    const subjects = isInTemplate ? [template.name, ...users] : users;
    throw blockedBy(subjects, {
      reason,
      message: `${name} is named by ${[isInTemplate ? 'the default rules' : '', who].filter(Boolean).join(' and ')}`,
      why: 'names the group',
    });
  }
  await rules.delete(tx, users);
  if (!isInTemplate) return;
  const changed = clone(defaultRules.schema, template);
  changed.rules = kept ?? [];
  changed.updateTime = timestampFromDate(now);
  await defaultRules.put(tx, [changed]);
}
