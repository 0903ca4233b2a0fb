import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder for the file, in memory where there is such a place: these tests are of processes that end, not of disks. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'pope-torture-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
