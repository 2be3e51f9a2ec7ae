import type { Dependencies } from '../dependencies.js';
import type { Handlers } from '../handlers.js';
import { addNics } from './add-nics.js';
import { addVmInstance } from './add-vm-instance.js';
import { listCandidateNics } from './list-candidate-nics.js';
import { listMemberships } from './list-memberships.js';
import { removeNics } from './remove-nics.js';
import { removeVmInstance } from './remove-vm-instance.js';
import { setNicSecurityGroups } from './set-nic-security-groups.js';

type MembershipHandlers = Pick<
  Handlers,
  | 'addNics'
  | 'removeNics'
  | 'listMemberships'
  | 'setNicSecurityGroups'
  | 'addVmInstance'
  | 'removeVmInstance'
  | 'listCandidateNics'
>;

export function membershipHandlers(dependencies: Dependencies): MembershipHandlers {
  return {
    addNics: addNics(dependencies),
    removeNics: removeNics(dependencies),
    listMemberships: listMemberships(dependencies),
    setNicSecurityGroups: setNicSecurityGroups(dependencies),
    addVmInstance: addVmInstance(dependencies),
    removeVmInstance: removeVmInstance(dependencies),
    listCandidateNics: listCandidateNics(dependencies),
  };
}
