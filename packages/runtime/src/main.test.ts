import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';

/** A program in a process of its own; `start` is the source of its start function. */
async function run(start: string, { args = [], until }: { args?: string[]; until?: string } = {}) {
  const program = `
    import { runMain } from '@portcullis/runtime';
    import { z } from 'zod';
    const schema = z.string().default('nothing');
    const options = { say: { flag: '--say <text>', environment: 'PORTCULLIS_SAY', description: 'what it says', schema } };
    await runMain({ name: 'tested', description: 'A program for tests.', options, closeTimeoutMs: 1000, start: ${start} });
  `;
  const node = ['--conditions', 'portcullis-source', '--import', 'tsx', '--input-type', 'module', '--eval', program];
  const child = spawn(process.execPath, [...node, '--', 'script', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, ...output }));
  const said = new Promise<void>((resolve) => {
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk) => {
        output[name] += chunk.toString();
        if (until !== undefined && output[name].includes(until)) resolve();
      });
    }
  });
  if (until !== undefined) await Promise.race([said, ended]);
  return { child: child as ChildProcess, ended };
}

const running = `async (config, { log, signal }) => {
  signal.addEventListener('abort', () => console.log('aborted'));
  console.log('running ' + config.say + ' ' + log.level);
  return { async close() { console.log('close'); } };
}`;

it.each(['SIGTERM', 'SIGINT'] as const)('%s closes it, and it ends with status 0', async (signal) => {
  const { child, ended } = await run(running, { args: ['--say', 'hello', '--log-level', 'debug'], until: 'running' });
  child.kill(signal);
  expect(await ended).toMatchObject({ status: 0, stdout: 'running hello debug\naborted\nclose\n' });
});

it('a second signal ends it at once', async () => {
  const stuck = `async () => { console.log('running'); return { close: () => new Promise(() => console.log('stuck')) }; }`;
  const { child, ended } = await run(stuck, { until: 'running' });
  child.kill('SIGTERM');
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  child.kill('SIGTERM');
  expect((await ended).status).toBe(1);
});

it('a close that takes too long is not waited for', async () => {
  const stuck = `async () => { console.log('running'); return { close: () => new Promise(() => undefined) }; }`;
  const { child, ended } = await run(stuck, { until: 'running' });
  child.kill('SIGTERM');
  const { status, stderr } = await ended;
  expect(status).toBe(0);
  expect(stderr).toContain('not closed within 1000 ms');
});

it('a signal while it starts ends it as soon as it has started', async () => {
  const slow = `async (config, { signal }) => {
    console.log('starting');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return { async close() { console.log('close'); } };
  }`;
  const { child, ended } = await run(slow, { until: 'starting' });
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ status: 0, stdout: 'starting\nclose\n' });
});

it('a start that leaves nothing to close ends it with status 0', async () => {
  const { ended } = await run(`async () => { console.log('done'); return undefined; }`);
  expect(await ended).toMatchObject({ status: 0, stdout: 'done\n' });
});

it('a start that fails is one clear line and status 1', async () => {
  const { ended } = await run(`async () => { throw new Error('the database is away'); }`);
  const { status, stderr } = await ended;
  expect(status).toBe(1);
  const lines = stderr.trim().split('\n');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 60, msg: 'could not start: the database is away' });
});

it.each([
  ['a rejection that nobody looks at', `void Promise.reject(new Error('lost'))`],
  ['an exception that nobody catches', `throw new Error('lost')`],
])('%s is fatal', async (_, statement) => {
  const { ended } = await run(`async () => {
    setTimeout(() => { ${statement}; }, 10);
    return { close: async () => undefined };
  }`);
  const { status, stderr } = await ended;
  expect(status).toBe(1);
  expect(JSON.parse(stderr)).toMatchObject({ level: 60, err: { message: 'lost' } });
});

it('a close that fails is logged and ends with status 1', async () => {
  const failing = `async () => { console.log('running'); return { close: async () => { throw new Error('stuck'); } }; }`;
  const { child, ended } = await run(failing, { until: 'running' });
  child.kill('SIGTERM');
  const { status, stderr } = await ended;
  expect(status).toBe(1);
  expect(stderr).toContain('could not close');
});

it('a wrong configuration is status 2, and nothing starts', async () => {
  const { ended } = await run(running, { args: ['--log-level', 'loud', '--nonsense'] });
  const { status, stdout, stderr } = await ended;
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(
    /^tested: --nonsense: .*\ntested: --log-level <level> \(PORTCULLIS_LOG_LEVEL\): must be one of/,
  );
});

it('--help and --version go to standard output, with status 0', async () => {
  const help = await (await run(running, { args: ['--help'] })).ended;
  expect(help).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('PORTCULLIS_SAY') });
  expect(help.stdout).toContain('PORTCULLIS_LOG_LEVEL');
  const version = await (await run(running, { args: ['--version'] })).ended;
  expect(version).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});
