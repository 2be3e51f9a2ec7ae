import { create } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { birth, type Operation, readAnnotations, refuseMissing } from '@portcullis/resource';
import { alreadyExists } from '@portcullis/rpc';
import { checkEnum, checkName, quote, type Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { hosts, nicBindings, nics } from '../documents.js';
import { hostNames, nicBindingNames, nicNames } from '../names.js';

const { NicBindingSchema, NicBindingState, NicBindingStateSchema } = inventoryV1;

export function nicBindingCreation({
  now,
}: Dependencies): Operation<inventoryV1.CreateNicBindingRequest, inventoryV1.NicBinding> {
  return (violations, { parent, nicBinding = create(NicBindingSchema) }) => {
    const { interfaceName, bridgeName, state } = nicBinding;
    const nic = checkName(violations, 'parent', parent, nicNames);
    const host = checkName(violations, 'nic_binding.host', nicBinding.host, hostNames);
    checkInterfaceName(violations, 'nic_binding.interface_name', interfaceName);
    if (bridgeName !== '') checkInterfaceName(violations, 'nic_binding.bridge_name', bridgeName);
    checkEnum(violations, 'nic_binding.state', state, { desc: NicBindingStateSchema });
    const annotations = readAnnotations(violations, 'nic_binding', nicBinding);
    const name = nicBindingNames.format({ project: '', nic: '', host: '', ...nic, ...host });
    return async (tx) => {
      refuseMissing([
        { name: parent, found: await nics.get(tx, parent) },
        { name: nicBinding.host, found: await hosts.get(tx, nicBinding.host) },
      ]);
      if (await nicBindings.get(tx, name)) throw alreadyExists(name);
      const made = create(NicBindingSchema, {
        name,
        host: nicBinding.host,
        interfaceName,
        bridgeName,
        state: state || NicBindingState.ACTIVE,
        ...annotations,
        ...birth(now()),
      });
      await nicBindings.put(tx, [made]);
      return made;
    };
  };
}

const nameRule = "1-15 of A-Z a-z 0-9 _ . @ : -, not beginning with '-'";

/** What the kernel allows (dev_valid_name), without what means something to iptables. */
function checkInterfaceName(violations: Violations, field: string, value: string): void {
  if (/^[A-Za-z0-9_.@:][A-Za-z0-9_.@:-]{0,14}$/.test(value) && value !== '.' && value !== '..') return;
  if (value === '') violations.add(field, 'FIELD_REQUIRED', `is required: ${nameRule}`);
  else violations.add(field, 'INTERFACE_NAME_MALFORMED', `${quote(value)} is not ${nameRule}`);
}
