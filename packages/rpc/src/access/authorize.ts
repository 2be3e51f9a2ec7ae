import type { DescMethod, Message } from '@bufbuild/protobuf';
import { permissionDenied } from '../errors.js';
import { type Caller, type Grant, grants } from './caller.js';
import { requestNames } from './request-names.js';
import { ruleOf } from './rules.js';

/**
 * Decides whether a caller may make a call, from nothing but what the request itself says: it is answered alike whether what
 * it names exists or not. Throws PERMISSION_DENIED.
 */
export function authorize(caller: Caller, method: DescMethod, request: Message): void {
  if (caller.role === 'admin') return;
  const rule = ruleOf(method);
  switch (rule) {
    case 'open':
      return;
    case 'read':
      if (caller.role === 'system') return;
      assertGranted(caller, method, { request, wanted: 'read' });
      return;
    case 'write':
    case 'provision':
      assertGranted(caller, method, { request, wanted: rule });
      return;
    case 'read everything':
      if (caller.role === 'system') return;
      throw permissionDenied(`${method.name} is for admins and the services themselves`);
    case 'enforce':
      assertHost(caller, request);
      return;
    case 'admin':
      throw permissionDenied(`${method.name} is for admins`);
  }
}

function assertGranted(
  { projects }: Caller,
  { input, name }: DescMethod,
  { request, wanted }: { request: Message; wanted: Grant },
): void {
  let isScoped = false;
  for (const { field, owner } of requestNames(input, request)) {
    const granted = projects.get(owner);
    if (granted === undefined || grants.indexOf(granted) < grants.indexOf(wanted)) {
      throw permissionDenied(`${field}: the caller has no permission to ${wanted} in ${owner}`, {
        field,
        resource: owner,
      });
    }
    isScoped = true;
  }
  if (!isScoped) throw permissionDenied(`${name} without the name of a project is for admins`);
}

/** S1 */
function assertHost({ hosts }: Caller, request: Message): void {
  const { host } = request as Message & { host: string };
  if (hosts.has(host)) return;
  throw permissionDenied(`host: the caller does not enforce ${host}`, { field: 'host', resource: host });
}
