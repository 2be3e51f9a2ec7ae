import type { ServiceImpl } from '@connectrpc/connect';
import type { policyV1 } from '@portcullis/api';

/** The handlers of the service, by the name of the method. */
export type Handlers = ServiceImpl<typeof policyV1.PolicyService>;
