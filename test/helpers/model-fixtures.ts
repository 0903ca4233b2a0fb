import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomNumbers } from './check-op.js';
import { safetensorsBytes } from './safetensors.js';

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

/** A copy of a fixture below `root` whose weights are stored in bf16. */
export function bf16Fixture(name: string, root: string): string {
  const file = readFileSync(join(fixtureModel(name), 'model.safetensors'));
  const length = Number(file.readBigUInt64LE());
  const header: Record<string, { dtype: string; data_offsets: [number, number] }> = JSON.parse(
    file.subarray(8, 8 + length).toString(),
  );
  let position = 0;
  const parts: Uint8Array[] = [];
  for (const entry of Object.values(header)) {
    if (entry.dtype !== 'F32') continue;
    const [start, end] = entry.data_offsets;
    // The upper half of every float: rounded down, but a number of bf16.
    const halves = Uint16Array.from({ length: (end - start) / 4 }, (_, i) =>
      file.readUInt16LE(8 + length + start + 4 * i + 2),
    );
    parts.push(new Uint8Array(halves.buffer));
    entry.dtype = 'BF16';
    entry.data_offsets = [position, position + halves.byteLength];
    position += halves.byteLength;
  }
  const bytes = parts.length > 0 ? safetensorsBytes(header, Buffer.concat(parts)) : file;
  return changedFixture(name, root, { 'model.safetensors': bytes });
}
