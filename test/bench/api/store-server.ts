// The bare cost of a write over gRPC: a grpc-js server that does nothing but write a document and answer with what it was sent.
import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { createLogger } from '@portcullis/runtime';
import { openStore } from '@portcullis/store';
import { serveBare } from './bare-server.js';
import { bareWrite } from './bare-write.js';

const [socket = '', url = ''] = process.argv.slice(2);
const store = await openStore(url, { log: createLogger('bench', { level: 'silent' }), owner: 'bare_server' });
const method = policyV1.PolicyService.method.createSecurityGroupRule;
serveBare(socket, [
  {
    method,
    answer: async (request) => {
      const { parent, securityGroupRule } = request as policyV1.CreateSecurityGroupRuleRequest;
      await bareWrite(store, `${parent}/rules/${randomUUID()}`);
      return create(method.output, securityGroupRule ? { securityGroupRule } : {});
    },
  },
]);
