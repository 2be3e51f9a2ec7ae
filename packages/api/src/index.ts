/** Messages and services generated from `proto/`, one namespace per API package. */

export * as errorDetails from './gen/google/rpc/error_details_pb.js';
export * as statusV1 from './gen/google/rpc/status_pb.js';
export * as healthV1 from './gen/grpc/health/v1/health_pb.js';
export * as reflectionV1 from './gen/grpc/reflection/v1/reflection_pb.js';
export * as reflectionV1alpha from './gen/grpc/reflection/v1alpha/reflection_pb.js';
export * as dispatchV1 from './gen/portcullis/dispatch/v1/dispatch_pb.js';
export * as enforceV1 from './gen/portcullis/enforce/v1/enforce_pb.js';
export * as inventoryV1 from './gen/portcullis/inventory/v1/inventory_pb.js';
export * as policyV1 from './gen/portcullis/policy/v1/policy_pb.js';
export * from './host-state-messages.js';
export * from './revision-token.js';
