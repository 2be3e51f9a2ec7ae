import { existing, listPage, requireName, toDelete } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { nicBindings, nics } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { nicBindingNames, nicNames, projectNames } from '../names.js';
import { createNicBinding } from './create-nic-binding.js';

type NicBindingHandlers = Pick<Handlers, 'createNicBinding' | 'getNicBinding' | 'listNicBindings' | 'deleteNicBinding'>;

export function nicBindingHandlers(dependencies: Dependencies): NicBindingHandlers {
  const { store, commit } = dependencies;
  return {
    createNicBinding: createNicBinding(dependencies),

    getNicBinding: async ({ name }) => {
      requireName('name', name, nicBindingNames);
      const { value } = await store.read((reading) => existing(reading, nicBindings, name));
      return { nicBinding: value };
    },

    listNicBindings: async (request) => {
      const { prefix, nic } = readParent(request.parent);
      if (nic !== undefined) await store.read((reading) => existing(reading, nics, nic));
      const scope = `${request.parent}/bindings/`;
      const page = await listPage(store, nicBindings, { request, selection: { prefix }, scope });
      return { nicBindings: page.items, nextPageToken: page.nextPageToken };
    },

    deleteNicBinding: async (request) => {
      const { name } = request;
      requireName('name', name, nicBindingNames);
      return commit(request, async (tx) => {
        if (await toDelete(tx, nicBindings, request)) await nicBindings.delete(tx, [name]);
        return {};
      });
    },
  };
}

/** One NIC, or all NICs of a project: `projects/{project}/nics/-`. */
function readParent(parent: string): { prefix: string; nic?: string } {
  const project = /^(.*)\/nics\/-$/.exec(parent)?.[1];
  if (project !== undefined && projectNames.parse(project)) return { prefix: `${project}/nics/` };
  requireName('parent', parent, nicNames);
  return { prefix: `${parent}/bindings/`, nic: parent };
}
