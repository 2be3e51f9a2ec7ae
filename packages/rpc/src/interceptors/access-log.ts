import { performance } from 'node:perf_hooks';
import type { Logger } from '@portcullis/runtime';
import { codeName } from '../code-name.js';
import type { Interceptor } from '../interceptor.js';

/** One line per call, at its end, on level debug; `caller` is who made it, where callers are known. */
export function accessLog(log: Logger): Interceptor {
  return (context) => {
    const beganAt = performance.now();
    return (thrown) => {
      if (log.isLevelEnabled('debug')) {
        const { service, method, protocolName: protocol } = context;
        const durationMs = Math.round((performance.now() - beganAt) * 1000) / 1000;
        const caller = context.caller?.name;
        const code = codeName(thrown);
        const call = { service: service.typeName, method: method.name, protocol, caller, code, durationMs };
        log.debug(call, 'call');
      }
      return thrown;
    };
  };
}
