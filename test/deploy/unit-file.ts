import { readFileSync } from 'node:fs';

/** Settings of a systemd unit: `Section.Key` and its values, of all lines with that key, split at blanks. */
export function readUnit(file: string): ReadonlyMap<string, readonly string[]> {
  const settings = new Map<string, string[]>();
  let section = '';
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name] = /^\[(\w+)\]$/.exec(line) ?? [];
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) section = name;
    else if (key !== undefined && value !== undefined) {
      const values = settings.get(`${section}.${key}`) ?? [];
      settings.set(`${section}.${key}`, [...values, ...value.split(/\s+/)]);
    } else throw new Error(`${file}: ${line}`);
  }
  return settings;
}
