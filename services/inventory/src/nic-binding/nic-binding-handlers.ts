import { nicBindings } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { existing, requireName } from '../lookup.js';
import { nicBindingNames, nicNames, projectNames } from '../names.js';
import { commit, type Dependencies, listPage } from '../store-access.js';
import { createNicBinding } from './create-nic-binding.js';

type NicBindingHandlers = Pick<Handlers, 'createNicBinding' | 'getNicBinding' | 'listNicBindings' | 'deleteNicBinding'>;

export function nicBindingHandlers(dependencies: Dependencies): NicBindingHandlers {
  const { store } = dependencies;
  return {
    createNicBinding: createNicBinding(dependencies),

    getNicBinding: async ({ name }) => {
      requireName('name', name, nicBindingNames);
      const { value } = await store.read((reading) => existing(reading, nicBindings, name));
      return { nicBinding: value };
    },

    listNicBindings: async (request) => {
      const prefix = prefixOf(request.parent);
      const selection = { prefix };
      const page = await listPage(store, nicBindings, { request, selection, scope: `${request.parent}/bindings/` });
      return { nicBindings: page.items, nextPageToken: page.nextPageToken };
    },

    deleteNicBinding: async ({ name }) => {
      requireName('name', name, nicBindingNames);
      const { revisionToken } = await commit(store, async (tx) => {
        await existing(tx, nicBindings, name);
        await nicBindings.delete(tx, [name]);
      });
      return { revisionToken };
    },
  };
}

/** Of one NIC, or of all NICs of a project: `projects/{project}/nics/-`. */
function prefixOf(parent: string): string {
  const project = /^(.*)\/nics\/-$/.exec(parent)?.[1];
  if (project !== undefined && projectNames.parse(project)) return `${project}/nics/`;
  requireName('parent', parent, nicNames);
  return `${parent}/bindings/`;
}
