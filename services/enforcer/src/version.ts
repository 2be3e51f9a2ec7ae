import { readFileSync } from 'node:fs';

/** Version of the enforcer, as its package says. */
export function enforcerVersion(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
