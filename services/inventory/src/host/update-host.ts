import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { annotationPaths, checked, maxDisplayNameLength, readAnnotations, refuse, update } from '@portcullis/resource';
import { checkName, checkText, checkUpdateMask, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { hosts } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { hostNames } from '../names.js';
import { makeHost, readNewHost } from './new-host.js';

const mutable = ['display_name', ...annotationPaths] as const;

export function updateHost({ commit, now }: Dependencies): Handlers['updateHost'] {
  return async (request) => {
    const { host = create(inventoryV1.HostSchema), updateMask } = request;
    const violations = new Violations();
    const { name, displayName, etag } = host;
    checkName(violations, 'host.name', name, hostNames);
    const paths = checkUpdateMask(violations, updateMask, { message: inventoryV1.HostSchema, mutable });
    const change: Partial<inventoryV1.Host> = readAnnotations(violations, 'host', { ...host, paths });
    if (paths.has('display_name')) {
      checkText(violations, 'host.display_name', displayName, maxDisplayNameLength);
      change.displayName = displayName;
    }
    refuse(violations);
    const readNew = (found: Violations) => readNewHost(found, host);
    return commit(request, async (tx) => ({
      host: await update(tx, {
        collection: hosts,
        name,
        etag,
        now: now(),
        change: (stored) => Object.assign(stored, change),
        orElse: request.allowMissing ? () => makeHost(tx, { fields: checked(readNew), name, now: now() }) : undefined,
      }),
    }));
  };
}
