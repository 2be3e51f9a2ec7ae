/** Messages and services generated from `proto/`, one namespace per API package. */
export * as dispatchV1 from './gen/portcullis/dispatch/v1/dispatch_pb.js';
export * as enforceV1 from './gen/portcullis/enforce/v1/enforce_pb.js';
export * as inventoryV1 from './gen/portcullis/inventory/v1/inventory_pb.js';
export * as policyV1 from './gen/portcullis/policy/v1/policy_pb.js';
export * from './host-state-messages.js';
