import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(`${root}/${file}`, 'utf8');

const programs = [
  'services/policy',
  'services/inventory',
  'services/dispatcher',
  'services/enforcer',
  'packages/suite',
];

describe.each(programs)('docs/configuration.md of %s', (program) => {
  const name = program.slice(program.indexOf('/') + 1);
  const sections = read('docs/configuration.md').split(/^## /m);
  const section = sections.find((each) => each.includes(`node ${program}/dist/main.js`)) ?? '';
  const everyProgram = sections.at(-1) ?? '';

  it('names each flag with its variable, as --help does, and no other', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [`${root}/${program}/dist/main.js`, '--help']);
    const options = stdout
      .slice(stdout.indexOf('Options:'))
      .replaceAll(/\s+/g, ' ')
      .split(/ (?=--[a-z])/)
      .slice(1);
    const said = options
      .filter((option) => !/^--(help|version)/.test(option))
      .map((option) => [/^--[a-z-]+/.exec(option)?.[0], /\(([A-Z_]+)[;)]/.exec(option)?.[1]].join(' '));
    const written = [...(section + everyProgram).matchAll(/^\| `(--[a-z-]+)` \| `([A-Z_]+)` \|/gm)];
    expect(written.map(([, flag, variable]) => `${flag} ${variable}`).toSorted(), name).toEqual(said.toSorted());
  });
});

describe('docs', () => {
  const filesOf = (folder: string) =>
    readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`);
  const sources = [...filesOf('packages'), ...filesOf('services')]
    .filter((file) => /^[a-z]+\/[a-z]+\/src\/.*\.ts$/.test(file))
    .filter((file) => !/(\/gen\/|\/testing\/|\/fixtures\/|\/demo\/|\.test\.ts$|\.cases\.ts$|\.fake\.ts$)/.test(file));
  const docs = readdirSync(`${root}/docs`)
    .filter((file) => file.endsWith('.md'))
    .map((file) => read(`docs/${file}`))
    .join('\n');

  it('explain every reason that the code can give', () => {
    const reasons = new Set<string>();
    for (const file of sources) {
      for (const [, reason = ''] of read(file).matchAll(/'([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)'/g)) reasons.add(reason);
    }
    expect(reasons.size).toBeGreaterThan(40);
    // Words of other systems, and of the reference, that no caller sees.
    const foreign = new Set(['NO_RULE', 'EGRESS_OPEN', 'NOT_SERVING', 'EAI_AGAIN', 'SQLITE_BUSY']);
    expect([...reasons].filter((reason) => !foreign.has(reason) && !docs.includes(`\`${reason}\``))).toEqual([]);
  });

  it('list no reason that the code does not give', () => {
    const code = sources.map(read).join('\n');
    const listed = [...read('docs/errors.md').matchAll(/^\| `([A-Z_0-9]+)` \|/gm)].map(([, reason = '']) => reason);
    expect(listed.length).toBeGreaterThan(20);
    expect(listed.filter((reason) => !code.includes(`'${reason}'`))).toEqual([]);
  });

  it('link only to what is there', () => {
    const documents = readdirSync(`${root}/docs`, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`);
    for (const file of ['README.md', 'proto/README.md', ...documents]) {
      const folder = file.slice(0, file.lastIndexOf('/') + 1);
      for (const [, target = ''] of read(file).matchAll(/\]\(([^)#:]+)\)/g)) {
        expect(() => read(`${folder}${target}`), `${file} → ${target}`).not.toThrow();
      }
    }
  });
});
