import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const fileSchema = z.object({
  services: z.record(
    z.string(),
    z.object({
      command: z.array(z.string()).optional(),
      environment: z.record(z.string(), z.string()).optional(),
      cap_add: z.array(z.string()).optional(),
      network_mode: z.string().optional(),
    }),
  ),
});

export type ComposeFile = z.infer<typeof fileSchema>;

const path = new URL('../../docker-compose.yml', import.meta.url);

/** docker-compose.yml as YAML gives it, merges and anchors resolved. */
export function readComposeYaml(): unknown {
  return parse(readFileSync(path, 'utf8'), { merge: true });
}

/** Only what the tests look at. */
export function readComposeFile(): ComposeFile {
  return fileSchema.parse(readComposeYaml());
}

/** Fills in `${NAME:?message}` as Compose does; throws when a name is not given. */
export function interpolate(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{([A-Z_]+):\?([^}]*)\}/g, (_, name: string, message: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${name}: ${message}`);
    return value;
  });
}
