import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type PrivatePostgres, startPrivatePostgres } from '@portcullis/store/testing';
import { type PrivateRedis, startPrivateRedis } from '@portcullis/stream';
import { createLab, type Lab } from '@portcullis/testing';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { interpolate, readComposeFile, readComposeYaml } from './compose-file.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('Running the start commands needs a lab, and a lab needs root: those tests are skipped.');

describe('docker-compose.yml', () => {
  it('follows the Compose specification', () => {
    const schema = JSON.parse(readFileSync(new URL('compose-spec.schema.json', import.meta.url), 'utf8'));
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    const validate = ajv.compile({ ...schema, $schema: 'http://json-schema.org/draft-07/schema#' });
    validate(readComposeYaml());
    expect(validate.errors).toBeNull();
  });

  it('gives the enforcer the network of its host and the right to program it, and nothing more', () => {
    const { enforcer } = readComposeFile().services;
    expect(enforcer).toMatchObject({ network_mode: 'host', cap_add: ['NET_ADMIN', 'NET_RAW'] });
  });
});

/** As they stand in the file, in one network namespace where every name is 127.0.0.1. */
describe.skipIf(!isRoot)('the start commands of docker-compose.yml', () => {
  let folder: string;
  let lab: Lab;
  let redis: PrivateRedis;
  let postgres: PrivatePostgres;
  const children = new Map<string, { child: ChildProcess; output: string }>();

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'portcullis-compose-'));
    postgres = await startPrivatePostgres();
    redis = await startPrivateRedis();
    lab = await createLab({ hosts: ['h1'], networks: [], vms: [] });
    for (const name of ['inventory', 'policy', 'dispatcher', 'enforcer']) start(name);
  });
  afterAll(async () => {
    await lab?.destroy();
    await redis?.remove();
    await postgres?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  function start(name: string): void {
    const { command: [program = '', ...args] = [], environment = {} } = readComposeFile().services[name] ?? {};
    const values = { POSTGRES_PASSWORD: 'not-used-here', PORTCULLIS_HOST: 'hosts/h1' };
    const own: Record<string, string> = {
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.socketPath,
      PORTCULLIS_STATE_DIR: folder,
    };
    const env = Object.entries(environment).map(([key, text]) => {
      const here = interpolate(text, values).replace(/\/\/(inventory|policy|dispatcher):/, '//127.0.0.1:');
      return [key, own[key] ?? here] as const;
    });
    const child = lab.spawnIn('h1', program, args, { cwd: root, env: { ...process.env, ...Object.fromEntries(env) } });
    const entry = { child, output: '' };
    child.stderr?.on('data', (text) => {
      entry.output += String(text);
    });
    children.set(name, entry);
  }

  /** One call in the namespace, as curl would make it. */
  async function call(port: number, method: string, request: unknown): Promise<unknown> {
    const script = `
      const response = await fetch(process.argv[1], {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: process.argv[2] });
      console.log(await response.text());`;
    const args = ['--input-type=module', '-e', script, `http://127.0.0.1:${port}/${method}`, JSON.stringify(request)];
    const { code, stdout, stderr } = await lab.exec(lab.hostNamespace('h1'), process.execPath, args);
    if (code !== 0)
      throw new Error(`${stderr}\n${[...children].map(([name, { output }]) => `${name}: ${output}`).join('')}`);
    return JSON.parse(stdout);
  }

  it('bring a host into enforcement', async () => {
    const inventory = 'portcullis.inventory.v1.InventoryService';
    await vi.waitFor(
      async () => expect(await call(7702, `${inventory}/CreateHost`, { hostId: 'h1', host: {} })).toBeDefined(),
      { timeout: 20_000, interval: 500 },
    );
    await vi.waitFor(
      async () => {
        const method = 'portcullis.dispatch.v1.DispatchService/GetHostStatus';
        expect(await call(7703, method, { host: 'hosts/h1' })).toMatchObject({
          status: { condition: 'HOST_CONDITION_IN_SYNC' },
        });
      },
      { timeout: 20_000, interval: 500 },
    );
    const groups = 'portcullis.policy.v1.PolicyService/CreateSecurityGroup';
    const created = await call(7701, groups, { parent: 'projects/p', securityGroupId: 'web', securityGroup: {} });
    expect(created).toMatchObject({ securityGroup: { name: 'projects/p/securityGroups/web' } });
  });
});
