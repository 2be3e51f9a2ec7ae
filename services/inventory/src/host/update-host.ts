import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import {
  annotationPaths,
  maxDisplayNameLength,
  type Operation,
  readAnnotations,
  refuse,
  update,
} from '@portcullis/resource';
import { checkName, checkText, checkUpdateMask } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { hosts } from '../documents.js';
import { hostNames } from '../names.js';
import { makeHost, readNewHost } from './create-host.js';

const mutable = ['display_name', ...annotationPaths] as const;

export function hostUpdate({ now }: Dependencies): Operation<inventoryV1.UpdateHostRequest, inventoryV1.Host> {
  return (violations, { host = create(inventoryV1.HostSchema), updateMask, allowMissing }) => {
    const { name, displayName, etag } = host;
    checkName(violations, 'host.name', name, hostNames);
    const paths = checkUpdateMask(violations, updateMask, { message: inventoryV1.HostSchema, mutable });
    const change: Partial<inventoryV1.Host> = readAnnotations(violations, 'host', { ...host, paths });
    if (paths.has('display_name')) {
      checkText(violations, 'host.display_name', displayName, maxDisplayNameLength);
      change.displayName = displayName;
    }
    return async (tx) => {
      const make = () => {
        const fields = readNewHost(violations, host);
        refuse(violations);
        return makeHost(tx, { fields, name, now: now() });
      };
      return update(tx, {
        collection: hosts,
        name,
        etag,
        now: now(),
        change: (stored) => Object.assign(stored, change),
        orElse: allowMissing ? make : undefined,
      });
    };
  };
}
