import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { policyV1 } from '@portcullis/api';
import { checkEtag, refuse, requireName } from '@portcullis/resource';
import type { Reading } from '@portcullis/store';
import { checkName, checkUpdateMask, Violations } from '@portcullis/store/resource';
import { maxCidrs } from '../address-group/cidr-list.js';
import type { Dependencies } from '../dependencies.js';
import { projectQuotas } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { projectQuotaNames } from '../names.js';
import { type Limits, maxInt32, type Quotas } from './quotas.js';
import { usageOf } from './usage.js';

const { ProjectQuotaSchema } = policyV1;
const fieldOf = {
  groups_per_project: 'groupsPerProject',
  rules_per_group: 'rulesPerGroup',
  nics_per_group: 'nicsPerGroup',
  groups_per_nic: 'groupsPerNic',
  address_groups_per_project: 'addressGroupsPerProject',
  cidrs_per_address_group: 'cidrsPerAddressGroup',
} as const satisfies Record<string, keyof Limits>;
const mutable = Object.keys(fieldOf) as (keyof typeof fieldOf)[];

export function quotaHandlers({
  store,
  commit,
  quotas,
  now,
}: Dependencies): Pick<Handlers, 'getProjectQuota' | 'updateProjectQuota'> {
  return {
    getProjectQuota: async ({ name }) => {
      requireName('name', name, projectQuotaNames);
      const { value } = await store.read(async (reading) =>
        describeQuota(
          reading,
          quotas,
          (await projectQuotas.get(reading, name)) ?? create(ProjectQuotaSchema, { name }),
        ),
      );
      return { projectQuota: value };
    },

    updateProjectQuota: async (request) => {
      const { projectQuota: sent = create(ProjectQuotaSchema), updateMask } = request;
      const violations = new Violations();
      checkName(violations, 'project_quota.name', sent.name, projectQuotaNames);
      const paths = checkUpdateMask(violations, updateMask, { message: ProjectQuotaSchema, mutable });
      for (const path of paths) {
        const limit = sent[fieldOf[path]] ?? 0;
        const max = path === 'cidrs_per_address_group' ? maxCidrs : maxInt32;
        if (limit >= 0 && limit <= max) continue;
        const description = `${limit} is not in 0-${max}; absent means the default`;
        violations.add(`project_quota.${path}`, 'OUT_OF_RANGE', description);
      }
      refuse(violations);
      return commit(request, async (tx) => {
        const before = await projectQuotas.get(tx, sent.name);
        checkEtag(sent.name, sent.etag, before);
        const quota = before ?? create(ProjectQuotaSchema, { name: sent.name });
        for (const path of paths) {
          const limit = sent[fieldOf[path]];
          if (limit === undefined) delete quota[fieldOf[path]];
          else quota[fieldOf[path]] = limit;
        }
        quota.updateTime = timestampFromDate(now());
        await projectQuotas.put(tx, [quota]);
        return { projectQuota: await describeQuota(tx, quotas, quota) };
      });
    },
  };
}

/** A stored quota as callers see it: complete, with what is used. */
export async function describeQuota(
  reading: Reading,
  quotas: Quotas,
  quota: policyV1.ProjectQuota,
): Promise<policyV1.ProjectQuota> {
  const usage = await usageOf(reading, quota.name.slice(0, quota.name.lastIndexOf('/')));
  return { ...quota, ...quotas.complete(quota), usage };
}
