import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Client, storyOf } from '../client.js';
import { interopFolder, protoFolder, serviceConfig } from '../folders.js';
import { runTool } from '../run-tool.js';

const folder = path.join(interopFolder, 'python');
const python = path.join(folder, '.venv/bin/python');

/** An environment of its own with the pinned packages; made anew when they change. */
async function prepareEnvironment(): Promise<void> {
  const wanted = await readFile(path.join(folder, 'requirements.txt'), 'utf8');
  const stamp = path.join(folder, '.venv/requirements.txt');
  if (existsSync(stamp) && (await readFile(stamp, 'utf8')) === wanted) return;
  await rm(path.join(folder, '.venv'), { recursive: true, force: true });
  await runTool(['python3', '-m', 'venv', '.venv'], { cwd: folder });
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'] as const;
  await runTool([python, ...install], { cwd: folder });
  await writeFile(stamp, wanted);
}

export const pythonScheduler: Client = {
  name: 'python',
  toolchain: ['python3'],
  steps: storyOf('python'),
  async prepare() {
    await prepareEnvironment();
    const protos = readdirSync(protoFolder, { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.startsWith('portcullis/') && file.endsWith('.proto'),
    );
    await mkdir(path.join(folder, 'gen'), { recursive: true });
    const outputs = ['--python_out=gen', '--pyi_out=gen', '--grpc_python_out=gen'];
    await runTool([python, '-m', 'grpc_tools.protoc', '-I', protoFolder, ...outputs, ...protos], { cwd: folder });
    const version = await runTool([python, '--version']);
    return `${version.trim()}, grpcio, grpcio-tools, grpcio-status 1.85.1`;
  },
  command: ({ address }) => [
    'env',
    `PYTHONPATH=${path.join(folder, 'gen')}`,
    python,
    path.join(folder, 'scheduler.py'),
    address,
    serviceConfig,
  ],
};
