import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema, anyPack } from '@bufbuild/protobuf/wkt';
import { ConnectError } from '@connectrpc/connect';
import { Metadata, type StatusObject } from '@grpc/grpc-js';
import { statusV1 } from '@portcullis/api';
import { toApiError } from './errors.js';
import { headersOf } from './grpc-metadata.js';

const detailsKey = 'grpc-status-details-bin';
const typeUrlPrefix = 'type.googleapis.com/';

/**
 * What the trailers of an error may take. Clients refuse larger ones, and then the error is lost: grpc-java takes 8 KiB in
 * all. Base64 makes the details a third longer, percent-encoding a message up to three times as long.
 */
const maxDetailsBytes = 3072;
const maxMessageBytes = 512;

/** A thrown thing as gRPC says it: code, message, and the details in a trailer that every language's client reads. */
export function formatStatus(thrown: unknown): StatusObject {
  const error = toApiError(thrown);
  const message = shorten(error.rawMessage);
  const metadata = new Metadata();
  const details = detailsThatFit(error);
  if (details.length > 0) {
    const status = create(statusV1.StatusSchema, { code: error.code, message, details });
    metadata.set(detailsKey, Buffer.from(toBinary(statusV1.StatusSchema, status)));
  }
  return { code: error.code as number, details: message, metadata };
}

/** The other way round; the metadata of the error is what came as trailers. */
export function parseStatus({ code, details: message, metadata }: StatusObject): ConnectError {
  const error = new ConnectError(message, code as number, headersOf(metadata));
  const [bytes] = metadata.get(detailsKey);
  if (Buffer.isBuffer(bytes)) error.details = readDetails(bytes);
  return error;
}

function readDetails(bytes: Uint8Array): ConnectError['details'] {
  try {
    const { details } = fromBinary(statusV1.StatusSchema, bytes);
    return details.map(({ typeUrl, value }) => ({ type: typeUrl.slice(typeUrl.lastIndexOf('/') + 1), value }));
  } catch {
    return []; // The code and the message are there without them.
  }
}

/** The first details weigh most: what comes after the last that fits is left out. */
function detailsThatFit(error: ConnectError): Any[] {
  const fitting: Any[] = [];
  let room = maxDetailsBytes;
  for (const detail of error.details) {
    const any = packDetail(detail);
    room -= any.value.length + any.typeUrl.length;
    if (room < 0) break;
    fitting.push(any);
  }
  return fitting;
}

function packDetail(detail: ConnectError['details'][number]): Any {
  if ('desc' in detail) return anyPack(detail.desc, create(detail.desc, detail.value));
  return create(AnySchema, { typeUrl: `${typeUrlPrefix}${detail.type}`, value: detail.value });
}

/** Well-formed text (a lone surrogate has no UTF-8), short enough for a trailer. */
function shorten(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= maxMessageBytes) return bytes.toString();
  return `${new TextDecoder('utf-8', { fatal: false }).decode(bytes.subarray(0, maxMessageBytes), { stream: true })}…`;
}
