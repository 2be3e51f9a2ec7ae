import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createLogger } from '@portcullis/runtime';
import { describe, expect, it } from 'vitest';
import { openStore } from '../open-store.js';
import type { LoggedCommit } from '../store.js';
import { textOf } from './store-harness.js';

const writer = fileURLToPath(new URL('./crash-writer.ts', import.meta.url));

/** P1 with real processes and SIGKILL. */
export function describeCrashes(database: string, makeUrl: () => Promise<string>, makeOwner = () => 'store'): void {
  describe(`a process that writes to ${database}`, () => {
    it('P1 is killed again and again: log and documents agree, no revision is missing, nothing promised is lost', async () => {
      const [url, owner] = [await makeUrl(), makeOwner()];
      for (let promised = 0, round = 0; round < 4; round += 1) {
        promised = await writeUntilKilled([url, owner], promised + 40 + 13 * round);
        const store = await openStore(url, { log: createLogger('test', { level: 'silent' }), owner });
        try {
          const { value, revision } = await store.read((reading) => reading.list({ kind: 'thing', limit: 1000 }));
          const commits = (await store.log(0, revision)) ?? [];
          expect(revision).toBeGreaterThanOrEqual(promised);
          expect(commits.map((commit) => commit.revision)).toEqual(Array.from({ length: revision }, (_, i) => i + 1));
          expect(new Map(value.map((stored) => [stored.name, textOf(stored)]))).toEqual(replay(commits));
          for (const { name, body } of value) {
            const link = { name: 'n', target: textOf({ body }) ?? '' };
            const linked = await store.read((reading) => reading.list({ kind: 'thing', link, limit: 9 }));
            expect(linked.value.map((stored) => stored.name)).toContain(name);
          }
          promised = revision;
        } finally {
          await store.close();
        }
      }
    });
  });
}

/** Resolves with the last revision the process has promised, once that is at least `revision` and the process is dead. */
async function writeUntilKilled(args: readonly string[], revision: number): Promise<number> {
  const node = ['--conditions=portcullis-source', '--import', 'tsx', writer, ...args];
  const child = spawn(process.execPath, node, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let last = 0;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      last = Math.max(last, Number(line));
      if (last >= revision) child.kill('SIGKILL');
    }
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
  expect(last).toBeGreaterThanOrEqual(revision);
  return last;
}

function replay(commits: readonly LoggedCommit[]): Map<string, string | undefined> {
  const documents = new Map<string, string | undefined>();
  for (const { name, body } of commits.flatMap(({ changes }) => changes)) {
    if (body === undefined) documents.delete(name);
    else documents.set(name, textOf({ body }));
  }
  return documents;
}
