import { type DescMethod, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import { Server, ServerCredentials, type sendUnaryData } from '@grpc/grpc-js';

export interface BareMethod {
  readonly method: DescMethod;
  readonly answer: (request: Message) => Message | Promise<Message>;
}

/** A grpc-js server on a Unix socket, with nothing around what its methods answer. */
export function serveBare(socket: string, methods: readonly BareMethod[]): void {
  const server = new Server({ 'grpc.enable_channelz': 0 });
  for (const { method, answer } of methods) {
    const definition = {
      path: `/${method.parent.typeName}/${method.name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (message: Message) => Buffer.from(toBinary(method.input, message)),
      requestDeserialize: (bytes: Buffer) => fromBinary(method.input, bytes),
      responseSerialize: (message: Message) => Buffer.from(toBinary(method.output, message)),
      responseDeserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
    };
    const handler = async ({ request }: { request: Message }, callback: sendUnaryData<Message>) => {
      try {
        callback(null, await answer(request));
      } catch (error) {
        callback(error as Error);
      }
    };
    server.addService({ [method.localName]: definition }, { [method.localName]: handler });
  }
  server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => {
    if (error) throw error;
  });
}
