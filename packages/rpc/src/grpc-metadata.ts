import { Metadata } from '@grpc/grpc-js';

/** Keys with this ending have binary values: base64 text in headers, buffers in grpc-js. */
const binarySuffix = '-bin';

export function headersOf(metadata: Metadata): Headers {
  const headers = new Headers();
  appendMetadata(headers, metadata);
  return headers;
}

export function appendMetadata(headers: Headers, metadata: Metadata): void {
  for (const key of Object.keys(metadata.getMap())) {
    for (const value of metadata.get(key)) headers.append(key, value.toString('base64'));
  }
}

export function metadataOf(headers: Headers): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of headers) {
    metadata.add(key, key.endsWith(binarySuffix) ? Buffer.from(value, 'base64') : value);
  }
  return metadata;
}
