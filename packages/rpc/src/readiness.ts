import type { OpenService } from './registration.js';

/** Which service can be called now. */
export interface Readiness {
  /** Full names of the gRPC services. */
  readonly services: ReadonlySet<string>;
  /** Undefined for a service that is not here; the empty name means all of them. */
  of(service: string): boolean | undefined;
}

/** Nothing is ready once `closing` has aborted. */
export function readinessOf(open: readonly OpenService[], closing: AbortSignal): Readiness {
  const owners = new Map(
    open.flatMap((owner) => owner.registrations.map(({ service }) => [service.typeName, owner] as const)),
  );
  return {
    services: new Set(owners.keys()),
    of(service) {
      if (service === '') return !closing.aborted && open.every((each) => each.ready());
      const owner = owners.get(service);
      return owner && !closing.aborted && owner.ready();
    },
  };
}
