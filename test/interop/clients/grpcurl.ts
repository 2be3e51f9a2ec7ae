import path from 'node:path';
import type { Client } from '../client.js';
import { binFolder, interopFolder } from '../folders.js';
import { goInstall } from '../go-install.js';
import { runTool } from '../run-tool.js';

const protoset = path.join(binFolder, 'portcullis.binpb');

export const grpcurl: Client = {
  name: 'grpcurl',
  toolchain: ['go'],
  steps: {
    services: /^4 services of portcullis$/,
    describe: /optional int32 end_port = 5/,
    protoset: /^[1-9]\d methods of portcullis\.policy\.v1\.PolicyService$/,
    call: /projects\/grpcurl\/securityGroups\/web\/rules\//,
    wait: /^enforced$/,
    watch: /HOST_CONDITION_IN_SYNC/,
    error: /security_group_rule\.end_port.*PORT_OUT_OF_RANGE/,
    list: /^3 rules in 2 pages$/,
    health: /"SERVING"/,
  },
  async prepare() {
    await goInstall('github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4');
    await runTool([process.execPath, 'scripts/descriptors.mjs', protoset]);
    return 'grpcurl v1.9.4';
  },
  command: ({ address }) => ['sh', path.join(interopFolder, 'grpcurl/session.sh'), address, protoset],
};
