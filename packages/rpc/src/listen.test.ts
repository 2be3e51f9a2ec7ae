import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { formatAddress } from './address.js';
import { listen } from './listen.js';
import { temporaryFolder } from './running-server.fake.js';

function server() {
  const made = createServer();
  onTestFinished(() => void made.close());
  return made;
}

it('port 0 becomes the port that was bound', async () => {
  const address = await listen(server(), { kind: 'tcp', host: '127.0.0.1', port: 0 });
  expect(address).toMatchObject({ kind: 'tcp', host: '127.0.0.1', port: expect.any(Number) });
  expect(address).not.toMatchObject({ port: 0 });
});

it('a port that is taken is an error', async () => {
  const address = await listen(server(), { kind: 'tcp', host: '127.0.0.1', port: 0 });
  await expect(listen(server(), address)).rejects.toThrow(`${formatAddress(address)} is in use by another program`);
});

it('a socket is for its owner only, and goes with its server', async () => {
  const path = `${await temporaryFolder()}/s`;
  const made = server();
  await listen(made, { kind: 'unix', path });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  made.close();
  await once(made, 'close');
  await expect(stat(path)).rejects.toThrow('ENOENT');
});

it('a socket that nobody serves any more is replaced', async () => {
  const path = `${await temporaryFolder()}/s`;
  await leaveStaleSocket(path);
  expect(await listen(server(), { kind: 'unix', path })).toEqual({ kind: 'unix', path });
});

it('a socket that is served is an error, and stays', async () => {
  const path = `${await temporaryFolder()}/s`;
  await listen(server(), { kind: 'unix', path });
  await expect(listen(server(), { kind: 'unix', path })).rejects.toThrow(`another server listens on unix:${path}`);
  expect((await stat(path)).isSocket()).toBe(true);
});

it('a file that is no socket is an error, and stays', async () => {
  const path = `${await temporaryFolder()}/s`;
  await writeFile(path, 'precious');
  await expect(listen(server(), { kind: 'unix', path })).rejects.toThrow(`${path} exists and is no socket`);
  expect((await stat(path)).isFile()).toBe(true);
});

/** What a server leaves behind that is killed. */
async function leaveStaleSocket(path: string): Promise<void> {
  const code = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', code]), 'exit');
  expect((await stat(path)).isSocket()).toBe(true);
}
