import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = path.join(root, 'packages/demo/dist/main.js');
const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('The demonstration needs root: its tests are skipped.');

const env = { ...process.env, PATH: `${root}/node_modules/.bin:${process.env.PATH ?? ''}` };
const sh = (line: string) => promisify(execFile)('sh', ['-c', line], { cwd: root, env, timeout: 30_000 });

describe.skipIf(!isRoot)('npm start -- --once', () => {
  it.each(['nft', 'legacy'])(
    'shows that every promise holds with iptables-%s, and leaves nothing behind',
    async (backend) => {
      const child = spawn(process.execPath, [program, '--once', '--backend', backend], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (text) => {
          output += String(text);
        });
      }
      const [code] = await once(child, 'exit');
      expect(output).toMatch(/rows: \d\d+ hold, 0 do not\n/);
      expect(code, output).toBe(0);
      const left = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
      expect(left.filter((name) => name.startsWith(`pclab-${child.pid}-`))).toEqual([]);
    },
  );
});

it('says what is wrong with its flags', async () => {
  await expect(sh(`node ${program} --backend bpf --nonsense`)).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--nonsense[\s\S]*--backend.*must be nft or legacy/),
  });
});

describe.skipIf(!isRoot)('npm start', () => {
  let child: ChildProcess;
  let address = '';
  /** What it printed for people to paste. */
  const lines: string[] = [];

  beforeAll(async () => {
    child = spawn(process.execPath, [program, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (child.stdout === null) throw new Error('no standard output');
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line.trim());
      address = /^up: (\S+)/.exec(line)?.[1] ?? address;
      if (line.trim().startsWith('curl') && line.includes('ListHostStatuses')) break;
    }
  });
  afterAll(async () => {
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  });

  const pasted = (tool: string, what: string) => {
    const line = lines.find((each) => each.startsWith(tool) && each.includes(what));
    if (line === undefined) throw new Error(`no line begins with ${tool} and holds ${what}`);
    return line;
  };

  it('prints lines that work when pasted', async () => {
    const { stdout: methods } = await sh(pasted('npx buf', '--list-methods'));
    for (const method of ['policy.v1.PolicyService/CreateSecurityGroup', 'dispatch.v1.DispatchService/WatchStatus']) {
      expect(methods).toContain(`portcullis.${method}`);
    }
    expect(JSON.parse((await sh(pasted('curl', 'ListSecurityGroups'))).stdout)).toMatchObject({
      securityGroups: [{ name: 'projects/demo/securityGroups/shop' }],
    });
    expect(JSON.parse((await sh(pasted('curl', 'ListNics'))).stdout).nics).toHaveLength(10);
    expect(JSON.parse((await sh(pasted('curl', 'ListHostStatuses'))).stdout).statuses).toMatchObject([
      { host: 'hosts/h1', condition: 'HOST_CONDITION_IN_SYNC' },
      { host: 'hosts/h2', condition: 'HOST_CONDITION_IN_SYNC' },
    ]);
  });

  it('streams the iptables and ipset diff of a rule that is added meanwhile', async () => {
    const [tool = '', ...args] = ['buf', 'curl', '--protocol', 'grpc', '--http2-prior-knowledge', '-d', '{}'];
    const stream = spawn(tool, [...args, `${address}/portcullis.dispatch.v1.DispatchService/WatchStatus`], {
      env,
      cwd: root,
    });
    let seen = '';
    stream.stdout.on('data', (text) => {
      seen += String(text);
    });
    const until = async (pattern: RegExp) => {
      while (!pattern.test(seen)) await once(stream.stdout, 'data');
    };
    await until(/hosts\/h2/);
    const group = 'projects/demo/securityGroups/shop';
    const call = (method: string, request: unknown) =>
      sh(
        `curl -sf -H 'Content-Type: application/json' -d '${JSON.stringify(request)}' ${address}/portcullis.policy.v1.PolicyService/${method}`,
      );
    await call('CreateSecurityGroup', { parent: 'projects/demo', securityGroupId: 'far', securityGroup: {} });
    await call('AttachNetworks', {
      securityGroup: 'projects/demo/securityGroups/far',
      networks: ['projects/demo/networks/flat'],
    });
    await call('AddNics', { securityGroup: 'projects/demo/securityGroups/far', nics: ['projects/demo/nics/ops'] });
    const rule = {
      direction: 'DIRECTION_INGRESS',
      protocol: 'PROTOCOL_TCP',
      startPort: 4711,
      endPort: 4711,
      remoteSecurityGroup: 'projects/demo/securityGroups/far',
    };
    await call('CreateSecurityGroupRule', { parent: group, securityGroupRule: rule });
    await until(/--dport 4711 -m set --match-set pc-4-[0-9a-f]{16}-[ab] src/);
    await until(/"member": "10\.10\.0\.22"/);
    stream.kill();
  });

  it('answers a wrong call with the field that is wrong', async () => {
    const request = pasted('grpcurl', '70000').match(/-d '([^']+)'/)?.[1];
    const method = 'portcullis.policy.v1.PolicyService/CreateSecurityGroupRule';
    const failure = await sh(
      `buf curl --protocol grpc --http2-prior-knowledge -d '${request}' ${address}/${method}`,
    ).catch((error: { stderr: string }) => error.stderr);
    expect(failure).toContain('invalid_argument');
    expect(failure).toContain('security_group_rule.end_port');
    expect(failure).toContain('BadRequest');
  });

  it('serves health and metrics beside the services', async () => {
    expect((await sh(`curl -sf ${address}/healthz`)).stdout).not.toBe('');
    expect((await sh(`curl -sf ${address}/metrics`)).stdout).toContain('CreateSecurityGroupRule');
  });
});
