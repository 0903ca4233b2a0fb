import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Folder with data, tokenizers and weights that are not part of the repository: POPE_SHARED, default ../shared. */
export const sharedFolder = resolve(process.env.POPE_SHARED ?? join(root, '..', 'shared'));

/** Path of something in the shared folder, or null when this machine does not have it; the caller skips then. */
export function sharedPath(path: string): string | null {
  const full = join(sharedFolder, path);
  return existsSync(full) ? full : null;
}
