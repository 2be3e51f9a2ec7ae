import type { DescService } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';

/** One gRPC service and the handlers that serve it, on every transport. */
export interface Registration<Desc extends DescService = DescService> {
  readonly service: Desc;
  readonly handlers: ServiceImpl<Desc>;
}

export function serviceOf<Desc extends DescService>(service: Desc, handlers: ServiceImpl<Desc>): Registration {
  return { service, handlers: handlers as unknown as ServiceImpl<DescService> };
}

/** A service that runs in this process: what it serves, and how it ends. */
export interface OpenService {
  readonly registrations: readonly Registration[];
  /** Whether calls can be answered; the health service says so. */
  ready(): boolean;
  /** Ends watches, timers and connections, and resolves when nothing of it runs any more. */
  close(): Promise<void>;
}
