import { type ApiCase, changedSince, exists, invalid, missing } from '../api-case.js';
import { ag, goodRule, project, sg } from '../things.js';

const name = `${project}/defaultRules`;
const update = (rules: object[], more: object = {}) => ({
  defaultRules: { name, rules, ...more },
  updateMask: { paths: ['rules'] },
});

/** Default rules: what they name, masks. */
export const defaultRuleCases: readonly ApiCase[] = [
  ['of no project', 'policy.getDefaultRules', { name: 'defaultRules' }, invalid('name NAME_MALFORMED')],
  ['of every project', 'policy.getDefaultRules', { name: 'projects/-/defaultRules' }, invalid('name NAME_MALFORMED')],
  [
    'that name what is not there',
    'policy.updateDefaultRules',
    update([
      { ...goodRule, remoteSecurityGroup: sg('x') },
      { ...goodRule, addressGroup: ag('y') },
    ]),
    missing(sg('x'), ag('y')),
  ],
  [
    'the same one twice',
    'policy.updateDefaultRules',
    update([goodRule, { ...goodRule, endPort: 23 }, { ...goodRule, description: 'again' }]),
    exists('default_rules.rules[0]', { says: 'default_rules.rules[2] is the same rule as default_rules.rules[0]' }),
  ],
  [
    'the new group of another project',
    'policy.updateDefaultRules',
    update([{ ...goodRule, remoteSecurityGroup: 'projects/q/securityGroups/-' }]),
    invalid('default_rules.rules[0].remote_security_group PROJECT_MISMATCH'),
  ],
  [
    'too many',
    'policy.updateDefaultRules',
    update(Array.from({ length: 101 }, (_, i) => ({ ...goodRule, endPort: 100 + i }))),
    { ...invalid('default_rules.rules ITEM_COUNT_OUT_OF_RANGE'), says: 'has 101 items; 0-100 are allowed' },
  ],
  [
    'nothing named by the mask',
    'policy.updateDefaultRules',
    { defaultRules: { name } },
    { ...invalid('update_mask FIELD_REQUIRED'), says: 'rules, without_automatic_rules' },
  ],
  ['an etag that never was', 'policy.updateDefaultRules', update([], { etag: 'x' }), changedSince],
];
