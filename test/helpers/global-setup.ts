import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sharedFolder } from './shared.js';

/**
 * Says once what a run without the shared folder does not test, and gives the run one temporary folder, in which all tests and
 * the processes that they start make theirs, so that nothing stays behind, whichever of them is killed.
 */
export default function setup(): () => void {
  if (!existsSync(sharedFolder)) announceSkips();
  const folder = mkdtempSync(join(tmpdir(), 'pope-test-run-'));
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}

function announceSkips(): void {
  const test = dirname(dirname(fileURLToPath(import.meta.url)));
  const files = readdirSync(test, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .filter((name) => readFileSync(join(test, name), 'utf8').includes('sharedPath('));
  console.warn(
    `No shared folder at ${sharedFolder} (set POPE_SHARED): tests on real data and pretrained weights in ${files.length} files are skipped.`,
  );
}
