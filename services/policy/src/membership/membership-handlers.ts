import type { Dependencies } from '../dependencies.js';
import type { Handlers } from '../handlers.js';
import { addNics } from './add-nics.js';
import { listMemberships } from './list-memberships.js';
import { removeNics } from './remove-nics.js';

export function membershipHandlers(
  dependencies: Dependencies,
): Pick<Handlers, 'addNics' | 'removeNics' | 'listMemberships'> {
  return {
    addNics: addNics(dependencies),
    removeNics: removeNics(dependencies),
    listMemberships: listMemberships(dependencies),
  };
}
