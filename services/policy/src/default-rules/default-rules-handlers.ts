import { once, requireName } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import type { Handlers } from '../handlers.js';
import { defaultRulesNames } from '../names.js';
import { readDefaultRules } from './read-default-rules.js';
import { defaultRulesUpdate } from './update-default-rules.js';

export function defaultRulesHandlers(
  dependencies: Dependencies,
): Pick<Handlers, 'getDefaultRules' | 'updateDefaultRules'> {
  const { store, commit } = dependencies;
  return {
    updateDefaultRules: once(commit, defaultRulesUpdate(dependencies), (updated) => ({ defaultRules: updated })),

    getDefaultRules: async ({ name }) => {
      requireName('name', name, defaultRulesNames);
      const { value } = await store.read((reading) => readDefaultRules(reading, name));
      return { defaultRules: value };
    },
  };
}
