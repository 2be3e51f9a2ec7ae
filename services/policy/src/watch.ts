import type { MessageInitShape } from '@bufbuild/protobuf';
import { parseRevisionToken, type policyV1 } from '@portcullis/api';
import { invalidArgument } from '@portcullis/rpc';
import { type Wording, watchStore } from '@portcullis/store/resource';
import type { Dependencies } from './dependencies.js';
import { memberships, rules, securityGroups } from './documents.js';
import type { Handlers } from './handlers.js';
import { parseMembershipName } from './names.js';
import { revisionToken } from './store-access.js';

type ResourceInit = MessageInitShape<typeof policyV1.ResourceSchema>;
type RemovalInit = MessageInitShape<typeof policyV1.RemovalSchema>;

/** Kinds in the order of a snapshot: groups come before what is in them. */
const wording: Record<string, Wording<ResourceInit, RemovalInit>> = {
  [securityGroups.kind]: {
    put: (body) => ({ resource: { case: 'securityGroup', value: securityGroups.decode(body) } }),
    removal: (value) => ({ removed: { case: 'securityGroup', value } }),
  },
  [rules.kind]: {
    put: (body) => ({ resource: { case: 'securityGroupRule', value: rules.decode(body) } }),
    removal: (value) => ({ removed: { case: 'securityGroupRule', value } }),
  },
  [memberships.kind]: {
    put: (body) => ({ resource: { case: 'membership', value: memberships.decode(body) } }),
    removal: (name) => ({ removed: { case: 'membership', value: parseMembershipName(name) } }),
  },
};

export function watch({ store, closing }: Dependencies): Handlers['watch'] {
  return async function* ({ resumeToken }, { signal }) {
    yield* watchStore(store, {
      wording,
      after: resumeRevision(resumeToken, store.epoch),
      formatToken: (revision) => revisionToken(store, revision),
      signal: AbortSignal.any([signal, closing]),
    });
  };
}

/** Where to resume; undefined for the beginning, also for a token of a store that was replaced. */
function resumeRevision(token: string, epoch: string): number | undefined {
  if (token === '') return undefined;
  const parsed = parseRevisionToken(token);
  if (parsed?.service !== 'policy') {
    const description = 'is not a revision token of policy';
    throw invalidArgument([{ field: 'resume_token', reason: 'REVISION_TOKEN_MALFORMED', description }]);
  }
  return parsed.epoch === epoch ? parsed.revision : undefined;
}
