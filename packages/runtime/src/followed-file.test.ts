import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { followFile } from './followed-file.js';
import { createLogger } from './log.js';

async function followed(text: string) {
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-runtime-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'number');
  await writeFile(file, text);
  const lines: { level: number; msg: string }[] = [];
  const log = createLogger('test', { destination: { write: (line) => lines.push(JSON.parse(line)) } });
  const open = async () => {
    const opened = await followFile(file, parseNumber, log);
    onTestFinished(() => opened.close());
    return opened;
  };
  return { file, open, errors: () => lines.filter(({ level }) => level === 50).map(({ msg }) => msg) };
}

function parseNumber(text: string): number {
  if (/^[0-9]+$/.test(text)) return Number(text);
  throw new Error('is no number');
}

it('a file that is written or replaced is read again', async () => {
  const { file, open } = await followed('1');
  const number = await open();
  const heard: number[] = [];
  const forget = number.onChange(() => heard.push(number.value()));
  expect(number.value()).toBe(1);
  await writeFile(file, '2');
  await expect.poll(() => heard, { timeout: 5000 }).toEqual([2]);
  forget();
  await writeFile(`${file}.new`, '3');
  await rename(`${file}.new`, file);
  await expect.poll(number.value, { timeout: 5000 }).toBe(3);
  expect(heard).toEqual([2]);
});

it('SIGHUP reads the file at once', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const { file, open } = await followed('1');
  const number = await open();
  await writeFile(file, '2');
  process.emit('SIGHUP');
  await expect.poll(number.value, { timeout: 5000 }).toBe(2);
});

it('what the file said before stays when it can no longer be read, and one line says so', async () => {
  const { file, open, errors } = await followed('1');
  const number = await open();
  const listeners = process.listeners('SIGHUP');
  await writeFile(file, 'two');
  await expect.poll(errors, { timeout: 5000 }).toHaveLength(1);
  for (const listener of listeners) await (listener as () => unknown)();
  expect(errors()).toEqual([`what it said before stays: ${file}: is no number`]);
  await rm(file);
  await expect.poll(errors, { timeout: 5000 }).toHaveLength(2);
  expect(number.value()).toBe(1);
  await writeFile(file, '4');
  await expect.poll(number.value, { timeout: 5000 }).toBe(4);
});

it('a file that cannot be read at the start is an error that names it', async () => {
  const { file, open } = await followed('one');
  await expect(open()).rejects.toThrow(`${file}: is no number`);
  await rm(file);
  await expect(open()).rejects.toThrow(/number: ENOENT/);
});

it('a file that is closed is not looked at any more', async () => {
  const { open } = await followed('1');
  const before = process.listenerCount('SIGHUP');
  const number = await open();
  expect(process.listenerCount('SIGHUP')).toBe(before + 1);
  await number.close();
  expect(process.listenerCount('SIGHUP')).toBe(before);
});
