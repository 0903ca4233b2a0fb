import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sharedFolder } from './shared.js';

/** Says once what a run without the shared folder does not test. */
export default function setup(): void {
  if (existsSync(sharedFolder)) return;
  const test = dirname(dirname(fileURLToPath(import.meta.url)));
  const files = readdirSync(test, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .filter((name) => readFileSync(join(test, name), 'utf8').includes('sharedPath('));
  console.warn(
    `No shared folder at ${sharedFolder} (set POPE_SHARED): tests on real data and pretrained weights in ${files.length} files are skipped.`,
  );
}
