import path from 'node:path';
import { type Client, storyOf } from '../client.js';
import { interopFolder, protoFolder, serviceConfig } from '../folders.js';
import { isOnPath, runTool } from '../run-tool.js';

const folder = path.join(interopFolder, 'java');

/** Debian's package of gRPC's plugin for protoc, taken where it is there; else Maven brings the plugin. */
const debianPlugin = 'grpc_java_plugin';

export const javaScheduler: Client = {
  name: 'java',
  toolchain: ['java', 'mvn'],
  steps: storyOf('java'),
  async prepare() {
    const plugin = isOnPath(debianPlugin) ? [`-Dgrpc.plugin=/usr/bin/${debianPlugin}`] : [];
    await runTool(['mvn', '-B', '-q', `-Dproto.folder=${protoFolder}`, ...plugin, 'process-classes'], { cwd: folder });
    const [java = ''] = (await runTool(['java', '--version'])).split('\n');
    return `${java}, grpc 1.85.0, protobuf 4.36.2, ${plugin.length > 0 ? "Debian's plugin" : 'plugin 1.85.0'}`;
  },
  command: ({ address }) => [
    'java',
    '-cp',
    [path.join(folder, 'target/classes'), path.join(folder, 'target/libraries/*')].join(':'),
    'Scheduler',
    address,
    serviceConfig,
  ],
};
