import { create, toBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema, anyPack } from '@bufbuild/protobuf/wkt';
import type { ConnectError } from '@connectrpc/connect';
import { Metadata, type StatusObject } from '@grpc/grpc-js';
import { statusV1 } from '@portcullis/api';
import { toApiError } from './errors.js';

/** A thrown thing as gRPC says it: code, message, and the details in a trailer that every language's client reads. */
export function grpcStatus(thrown: unknown): StatusObject {
  const error = toApiError(thrown);
  const message = Buffer.from(error.rawMessage).toString();
  const metadata = new Metadata();
  if (error.details.length > 0) {
    const status = create(statusV1.StatusSchema, { code: error.code, message, details: error.details.map(packDetail) });
    metadata.set('grpc-status-details-bin', Buffer.from(toBinary(statusV1.StatusSchema, status)));
  }
  return { code: error.code as number, details: message, metadata };
}

function packDetail(detail: ConnectError['details'][number]): Any {
  if ('desc' in detail) return anyPack(detail.desc, create(detail.desc, detail.value));
  return create(AnySchema, { typeUrl: `type.googleapis.com/${detail.type}`, value: detail.value });
}
