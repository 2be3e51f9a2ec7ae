import { type JsonValue, toJson } from '@bufbuild/protobuf';
import { exportAll, exportDocument, requireName } from '@portcullis/resource';
import type { Reading } from '@portcullis/store';
import type { Dependencies } from '../dependencies.js';
import { hosts, networks, nicBindings, nics, vmInstances } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { projectNames } from '../names.js';

export function exportProject({ store, revisions }: Dependencies): Handlers['exportProject'] {
  return async function* ({ parent: project }) {
    requireName('parent', project, projectNames);
    yield* exportDocument({
      store,
      revisions,
      format: 'portcullis.inventory.v1',
      project,
      read: async (reading) => ({
        networks: await exportAll(reading, networks, { prefix: `${project}/networks/` }),
        vmInstances: await exportAll(reading, vmInstances, { prefix: `${project}/vmInstances/` }),
        nics: await exportAll(reading, nics, { prefix: `${project}/nics/` }),
        nicBindings: await exportAll(reading, nicBindings, { prefix: `${project}/nics/` }),
        hosts: await hostsOf(reading, project),
      }),
    });
  };
}

/** The hosts that NICs of a project are bound to, in the order of their names. */
async function hostsOf(reading: Reading, project: string): Promise<JsonValue[]> {
  const names = new Set<string>();
  for await (const { host } of nicBindings.all(reading, { prefix: `${project}/nics/` })) names.add(host);
  const found = await hosts.getMany(reading, [...names].sort());
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, host]) => toJson(hosts.schema, host));
}
