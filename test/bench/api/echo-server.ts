// The bare cost of a reading: a grpc-js server that does nothing but answer with the messages it was given at the start.
import { fromBinary } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { serveBare } from './bare-server.js';

const { getSecurityGroup, listSecurityGroupRules } = policyV1.PolicyService.method;

const [socket = '', ...answers] = process.argv.slice(2);
serveBare(
  socket,
  [getSecurityGroup, listSecurityGroupRules].map((method, i) => {
    const message = fromBinary(method.output, Buffer.from(answers[i] ?? '', 'hex'));
    return { method, answer: () => message };
  }),
);
