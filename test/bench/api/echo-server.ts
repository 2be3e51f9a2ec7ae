// The bare cost: a grpc-js server that does nothing but answer with the messages it was given at the start.
import { fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { policyV1 } from '@portcullis/api';

const { getSecurityGroup, listSecurityGroupRules } = policyV1.PolicyService.method;
const methods = { getSecurityGroup, listSecurityGroupRules };

const [socket = '', ...answers] = process.argv.slice(2);
const server = new Server({ 'grpc.enable_channelz': 0 });
for (const [i, method] of Object.values(methods).entries()) {
  const answer = fromBinary(method.output, Buffer.from(answers[i] ?? '', 'hex'));
  const definition = {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: Message) => Buffer.from(toBinary(method.input, message as never)),
    requestDeserialize: (bytes: Buffer) => fromBinary(method.input, bytes),
    responseSerialize: (message: Message) => Buffer.from(toBinary(method.output, message as never)),
    responseDeserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
  };
  const handler = (_: unknown, callback: (error: null, message: unknown) => void) => callback(null, answer);
  server.addService({ [method.localName]: definition }, { [method.localName]: handler });
}
server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
