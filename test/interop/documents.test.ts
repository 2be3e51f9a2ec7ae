import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { interopFolder, root } from './folders.js';

const sources: Readonly<Record<string, readonly string[]>> = {
  'go.md': ['go/main.go', 'go/keepalive/main.go', 'go/buf.gen.yaml', 'go/go.mod'],
  'python.md': ['python/scheduler.py', 'python/requirements.txt'],
  'java.md': ['java/src/main/java/Scheduler.java', 'java/pom.xml'],
  'grpcurl.md': ['grpcurl/session.sh'],
};

/** Lines that only a terminal sees are marked `sh`; every other block is cut out of a client that runs. */
function blocksOf(text: string): string[] {
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, language]) => language !== 'sh')
    .map(([, , block = '']) => block);
}

/** Where it is indented does not matter. */
function lines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}

describe('docs/clients', () => {
  const documents = readdirSync(path.join(root, 'docs/clients'));

  it('has a page for each client', () => {
    expect(documents.toSorted()).toEqual(Object.keys(sources).toSorted());
  });

  it.each(documents)('%s shows only what a client does', (document) => {
    const files = sources[document] ?? [];
    const code = files.map((file) => lines(readFileSync(path.join(interopFolder, file), 'utf8')));
    const blocks = blocksOf(readFileSync(path.join(root, 'docs/clients', document), 'utf8'));
    expect(blocks.length).toBeGreaterThan(3);
    for (const block of blocks) {
      expect(
        code.some((text) => text.includes(lines(block))),
        block,
      ).toBe(true);
    }
  });
});
