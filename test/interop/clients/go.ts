import path from 'node:path';
import { type Client, storyOf } from '../client.js';
import { binFolder, interopFolder, protoFolder, serviceConfig } from '../folders.js';
import { goInstall } from '../go-install.js';
import { runTool } from '../run-tool.js';

const folder = path.join(interopFolder, 'go');
const plugins = [
  'google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12',
  'google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2',
];

async function compile(): Promise<string> {
  for (const plugin of plugins) await goInstall(plugin);
  await runTool(['buf', 'generate', protoFolder, '--path', path.join(protoFolder, 'portcullis')], { cwd: folder });
  for (const name of ['scheduler', 'keepalive', 'drain', 'outlast']) {
    const from = name === 'scheduler' ? '.' : `./${name}`;
    await runTool(['go', 'build', '-o', path.join(binFolder, `go-${name}`), from], { cwd: folder });
  }
  const go = await runTool(['go', 'env', 'GOVERSION']);
  return `${go.trim()}, grpc v1.85.0, protobuf v1.36.12, protoc-gen-go-grpc v1.6.2`;
}

let compiled: Promise<string> | undefined;
/** The programs of Go share their code and are compiled once. */
function prepare(): Promise<string> {
  compiled ??= compile();
  return compiled;
}

const shared = {
  toolchain: ['go'],
  prepare,
};

export const goScheduler: Client = {
  ...shared,
  name: 'go',
  steps: storyOf('go'),
  command: ({ address }) => [path.join(binFolder, 'go-scheduler'), address, serviceConfig],
};

export const goKeepalive: Client = {
  ...shared,
  name: 'go keepalive',
  steps: { connected: /each 10s$/, idle: /^one connection for 45s$/, stream: /^open for 45s$/ },
  command: ({ address }) => [path.join(binFolder, 'go-keepalive'), address],
};

export const goDrain: Client = {
  ...shared,
  name: 'go drain',
  steps: { sent: /^a wait of 3s$/, answered: /enforcer/, refused: /^Unavailable$/ },
  command: ({ address }) => [path.join(binFolder, 'go-drain'), address],
};

export const goOutlast: Client = {
  ...shared,
  name: 'go outlast',
  steps: { refused: /^without a service config$/, outlasted: /^2 hosts$/ },
  command: ({ address }) => [path.join(binFolder, 'go-outlast'), address, serviceConfig],
};
