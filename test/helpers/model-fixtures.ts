import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomNumbers } from './check-op.js';

const fixtures = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'models');

export const CAUSAL_FIXTURES = [
  'gpt2-tiny',
  'gpt2-tiny-f16-hubnames',
  'llama3-tiny',
  'llama3-tiny-sharded',
  'qwen3-tiny',
  'qwen3-tiny-bf16',
  'phi3-tiny',
  'phi3-tiny-longrope',
] as const;

/** Folder of a tiny reference model. */
export function fixtureModel(name: string): string {
  return join(fixtures, name);
}

/** A copy of a fixture below `root` with files replaced: bytes or text, an object as JSON, null to leave it out. */
export function changedFixture(
  name: string,
  root: string,
  files: Record<string, string | Uint8Array | object | null>,
): string {
  const folder = mkdtempSync(join(root, `${name}-`));
  cpSync(fixtureModel(name), folder, {
    recursive: true,
    filter: (path) => files[path.split(/[\\/]/).at(-1)!] !== null,
  });
  for (const [file, content] of Object.entries(files)) {
    if (content === null) continue;
    const raw = typeof content === 'string' || content instanceof Uint8Array;
    writeFileSync(join(folder, file), raw ? content : JSON.stringify(content));
  }
  return folder;
}

/** `count` reproducible token ids below 256, the vocabulary of every fixture. */
export function randomIds(count: number, seed: number): number[] {
  return randomNumbers(count, seed).map((x) => Math.floor(((x + 1) / 2) * 256));
}
