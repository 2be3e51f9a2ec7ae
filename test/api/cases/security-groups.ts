import { type ApiCase, blocked, exists, invalid, missing } from '../api-case.js';
import { ag, network, project, sg } from '../things.js';

const update = (id: string, paths: string[], more: object = {}) => ({
  securityGroup: { name: sg(id), ...more },
  updateMask: { paths },
});

/** Groups: ids, masks, what names them, networks. */
export const securityGroupCases: readonly ApiCase[] = [
  ['a group that is not there is not got', 'policy.getSecurityGroup', { name: sg('nobody') }, missing(sg('nobody'))],
  [
    'nor one of another project by its last part',
    'policy.getSecurityGroup',
    { name: 'projects/nobody/securityGroups/g' },
    missing('projects/nobody/securityGroups/g'),
  ],
  ['a name with a slash behind it', 'policy.getSecurityGroup', { name: `${sg('g')}/` }, invalid('name NAME_MALFORMED')],
  ['a name with a blank', 'policy.getSecurityGroup', { name: ` ${sg('g')}` }, invalid('name NAME_MALFORMED')],
  [
    'a name of an address group',
    'policy.getSecurityGroup',
    { name: ag('list') },
    { ...invalid('name NAME_MALFORMED'), says: 'projects/{project}/securityGroups/{security_group}' },
  ],
  [
    'an id that is taken',
    'policy.createSecurityGroup',
    { parent: project, securityGroupId: 'g' },
    exists(sg('g'), { says: `${sg('g')} exists already` }),
  ],
  [
    'an id that is taken is no less taken when the call only validates',
    'policy.createSecurityGroup',
    { parent: project, securityGroupId: 'g', validateOnly: true },
    exists(sg('g')),
  ],
  [
    'everything that is wrong with a group at once',
    'policy.createSecurityGroup',
    {
      parent: 'projects/P',
      securityGroupId: '-g',
      securityGroup: { displayName: 'x'.repeat(257), description: 'x'.repeat(1025), labels: { '': '' }, state: 7 },
    },
    invalid(
      'parent NAME_MALFORMED',
      'security_group_id RESOURCE_ID_MALFORMED',
      'security_group.display_name TEXT_TOO_LONG',
      'security_group.description TEXT_TOO_LONG',
      'security_group.labels LABEL_KEY_MALFORMED',
      'security_group.state ENUM_VALUE_UNKNOWN',
    ),
  ],
  [
    'an id of 64 characters',
    'policy.createSecurityGroup',
    { parent: project, securityGroupId: 'g'.repeat(64) },
    { ...invalid('security_group_id RESOURCE_ID_MALFORMED'), says: '1-63' },
  ],
  [
    'a negative state',
    'policy.createSecurityGroup',
    { parent: project, securityGroup: { state: -1 } },
    { ...invalid('security_group.state ENUM_VALUE_UNKNOWN'), says: '-1 is not known' },
  ],
  [
    'an update of what is not there',
    'policy.updateSecurityGroup',
    update('nobody', ['display_name']),
    missing(sg('nobody')),
  ],
  [
    'an update without a mask is not one of everything',
    'policy.updateSecurityGroup',
    { securityGroup: { name: sg('g'), displayName: 'x' } },
    { ...invalid('update_mask FIELD_REQUIRED'), says: 'display_name, description, labels, state' },
  ],
  [
    'a mask of output fields names each',
    'policy.updateSecurityGroup',
    update('g', ['name', 'uid', 'create_time', 'update_time', 'etag']),
    invalid(...Array(5).fill('update_mask FIELD_IMMUTABLE')),
  ],
  [
    'a mask in camel case',
    'policy.updateSecurityGroup',
    update('g', ['displayName']),
    { ...invalid('update_mask FIELD_UNKNOWN'), says: '"displayName"' },
  ],
  [
    'a mask of one label',
    'policy.updateSecurityGroup',
    update('g', ['labels.tier']),
    invalid('update_mask FIELD_UNKNOWN'),
  ],
  ['a mask of an empty path', 'policy.updateSecurityGroup', update('g', ['']), invalid('update_mask FIELD_UNKNOWN')],
  [
    'a mask with a good path and a bad one',
    'policy.updateSecurityGroup',
    update('g', ['description', 'rules'], { description: 'x'.repeat(2000) }),
    invalid('update_mask FIELD_UNKNOWN', 'security_group.description TEXT_TOO_LONG'),
  ],
  [
    'a mask of something that every object has',
    'policy.updateSecurityGroup',
    update('g', ['constructor', '__proto__']),
    invalid('update_mask FIELD_UNKNOWN', 'update_mask FIELD_UNKNOWN'),
  ],
  [
    'an update that would make a group reads all of its fields',
    'policy.updateSecurityGroup',
    { ...update('new', ['description'], { displayName: 'x'.repeat(257), state: 3 }), allowMissing: true },
    invalid('security_group.display_name TEXT_TOO_LONG', 'security_group.state ENUM_VALUE_UNKNOWN'),
  ],
  ['a deletion of what is not there', 'policy.deleteSecurityGroup', { name: sg('nobody') }, missing(sg('nobody'))],
  [
    'a deletion by force of what is not there',
    'policy.deleteSecurityGroup',
    { name: sg('nobody'), force: true },
    missing(sg('nobody')),
  ],
  [
    'a group that 100 rules name: the first of them, in order, and where the rest is told',
    'policy.deleteSecurityGroup',
    { name: sg('used') },
    {
      code: 'FailedPrecondition',
      reason: 'SECURITY_GROUP_IN_USE',
      says: '100 rules of other groups; ListReferencingRules',
    },
  ],
  [
    'a group that default rules name',
    'policy.deleteSecurityGroup',
    { name: 'projects/templated/securityGroups/peer' },
    blocked('SECURITY_GROUP_IN_USE', 'projects/templated/defaultRules'),
  ],
  [
    'an attachment of a network that is not there',
    'policy.attachNetworks',
    { securityGroup: sg('g'), networks: [network('a'), network('x'), network('y'), network('x')] },
    missing(network('x'), network('y')),
  ],
  [
    'an attachment to a group that is not there',
    'policy.attachNetworks',
    { securityGroup: sg('nobody'), networks: [network('a')] },
    missing(sg('nobody')),
  ],
  [
    'too many networks',
    'policy.attachNetworks',
    { securityGroup: sg('g'), networks: Array(501).fill(network('a')) },
    { ...invalid('networks ITEM_COUNT_OUT_OF_RANGE'), says: 'has 501 items; 1-500 are allowed' },
  ],
  [
    'a detachment of a network that is not attached',
    'policy.detachNetworks',
    { securityGroup: sg('g'), networks: [network('a'), network('b')] },
    { ...missing(network('b')), says: `not attached to ${sg('g')}` },
  ],
  [
    'a detachment from a group that is not there',
    'policy.detachNetworks',
    { securityGroup: sg('nobody'), networks: [network('a')] },
    missing(sg('nobody')),
  ],
  ['an export of no project', 'policy.exportProject', { parent: sg('g') }, invalid('parent NAME_MALFORMED')],
  ['an export of every project', 'policy.exportProject', { parent: 'projects/-' }, invalid('parent NAME_MALFORMED')],
  ['an export of nothing', 'policy.exportProject', {}, invalid('parent FIELD_REQUIRED')],
  [
    'an export of no project of inventory',
    'inventory.exportProject',
    { parent: 'hosts/h1' },
    invalid('parent NAME_MALFORMED'),
  ],
  [
    'a watch that resumes nowhere',
    'policy.watch',
    { resumeToken: 'x' },
    invalid('resume_token REVISION_TOKEN_MALFORMED'),
  ],
  [
    'a watch that resumes where the other service is',
    'policy.watch',
    ({ inventoryToken }) => ({ resumeToken: inventoryToken }),
    invalid('resume_token REVISION_TOKEN_MALFORMED'),
  ],
];
