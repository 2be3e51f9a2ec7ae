import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

/** Where services keep their data unless told otherwise: `/var/lib/portcullis` for root, else the user's own folder. */
export function defaultDataFolder(): string {
  if (process.getuid?.() === 0) return '/var/lib/portcullis';
  return path.join(homedir(), '.local/share/portcullis');
}

/** The URL of a service's SQLite database in a folder, which is made when it does not exist, readable by its owner only. */
export async function databaseUrlIn(folder: string, owner: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return `sqlite:${path.resolve(folder, `${owner}.db`)}`;
}
