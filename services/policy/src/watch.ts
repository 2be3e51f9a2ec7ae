import type { MessageInitShape } from '@bufbuild/protobuf';
import type { policyV1 } from '@portcullis/api';
import { type Wording, watchStore } from '@portcullis/store/resource';
import type { Dependencies } from './dependencies.js';
import { addressGroups, memberships, rules, securityGroups } from './documents.js';
import type { Handlers } from './handlers.js';
import { parseMembershipName } from './names.js';

type ResourceInit = MessageInitShape<typeof policyV1.ResourceSchema>;
type RemovalInit = MessageInitShape<typeof policyV1.RemovalSchema>;

/** Kinds in the order of a snapshot: groups come before what is in them and what names them. */
const wording: Record<string, Wording<ResourceInit, RemovalInit>> = {
  [securityGroups.kind]: {
    put: (body) => ({ resource: { case: 'securityGroup', value: securityGroups.view(body) } }),
    removal: (value) => ({ removed: { case: 'securityGroup', value } }),
  },
  [addressGroups.kind]: {
    put: (body) => ({ resource: { case: 'addressGroup', value: addressGroups.view(body) } }),
    removal: (value) => ({ removed: { case: 'addressGroup', value } }),
  },
  [rules.kind]: {
    put: (body) => ({ resource: { case: 'securityGroupRule', value: rules.view(body) } }),
    removal: (value) => ({ removed: { case: 'securityGroupRule', value } }),
  },
  [memberships.kind]: {
    put: (body) => ({ resource: { case: 'membership', value: memberships.view(body) } }),
    removal: (name) => ({ removed: { case: 'membership', value: parseMembershipName(name) } }),
  },
};

export function watch({ store, revisions, closing }: Dependencies): Handlers['watch'] {
  return async function* ({ resumeToken }, { signal }) {
    yield* watchStore(store, {
      wording,
      after: revisions.resumeAfter(resumeToken),
      formatToken: (revision) => revisions.tokenOf(revision),
      signal: AbortSignal.any([signal, closing]),
    });
  };
}
