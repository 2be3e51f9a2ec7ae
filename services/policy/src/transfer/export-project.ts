import { create, toJson } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { exportAll, exportDocument, requireName } from '@portcullis/resource';
import { readDefaultRules } from '../default-rules/read-default-rules.js';
import type { Dependencies } from '../dependencies.js';
import { addressGroups, memberships, projectQuotas, rules, securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { projectNames } from '../names.js';
import { describeQuota } from '../quota/quota-handlers.js';

/** What a document of ExportProject calls itself. */
const exportFormat = 'portcullis.policy.v1';

export function exportProject({ store, revisions, quotas }: Dependencies): Handlers['exportProject'] {
  return async function* ({ parent: project }) {
    requireName('parent', project, projectNames);
    const ofGroups = { prefix: `${project}/securityGroups/` };
    yield* exportDocument({
      store,
      revisions,
      format: exportFormat,
      project,
      read: async (reading) => {
        const name = `${project}/quota`;
        const quota = (await projectQuotas.get(reading, name)) ?? create(policyV1.ProjectQuotaSchema, { name });
        return {
          securityGroups: await exportAll(reading, securityGroups, ofGroups),
          securityGroupRules: await exportAll(reading, rules, ofGroups),
          memberships: await exportAll(reading, memberships, ofGroups),
          addressGroups: await exportAll(reading, addressGroups, { prefix: `${project}/addressGroups/` }),
          defaultRules: toJson(policyV1.DefaultRulesSchema, await readDefaultRules(reading, `${project}/defaultRules`)),
          projectQuota: toJson(policyV1.ProjectQuotaSchema, await describeQuota(reading, quotas, quota)),
        };
      },
    });
  };
}
