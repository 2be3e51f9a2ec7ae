import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { once, requireName } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { defaultRules } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { defaultRulesNames } from '../names.js';
import { defaultRulesUpdate } from './update-default-rules.js';

export function defaultRulesHandlers(
  dependencies: Dependencies,
): Pick<Handlers, 'getDefaultRules' | 'updateDefaultRules'> {
  const { store, commit } = dependencies;
  return {
    updateDefaultRules: once(commit, defaultRulesUpdate(dependencies), (updated) => ({ defaultRules: updated })),

    getDefaultRules: async ({ name }) => {
      requireName('name', name, defaultRulesNames);
      const { value } = await store.read((reading) => defaultRules.get(reading, name));
      return { defaultRules: value ?? create(policyV1.DefaultRulesSchema, { name }) };
    },
  };
}
