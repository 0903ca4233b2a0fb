/** @file What a hostile file is: something on disk, and a command that reads it and must refuse it. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Random } from '../../../src/estimators/random.js';

/** A value of JSON, or the text or bytes of a file; a function makes what is too large to be kept. */
export type Content = string | Uint8Array | object | (() => string | Uint8Array);

export interface HostileCase {
  /** What is wrong, for people. */
  name: string;
  files: Readonly<Record<string, Content>>;
  /** Fixture model whose files are there first. */
  model?: string;
  /** Arguments of `pope`; `@` begins a path below the folder of the case. */
  command: readonly string[];
  /** Codes of which one must come. */
  codes: RegExp;
}

/** Makes the i-th case of a kind, a different one for every i. */
export type Family = (random: Random, i: number) => HostileCase;

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));

/** A log of two slates, which every command takes. */
export const LOG = ['q1', 'q2']
  .map((id) => {
    const responses = ['one', 'two'].map((text, i) => ({
      id: text,
      text,
      signal: i,
      logging: { logprob: -2, tokens: 1 },
    }));
    return `${JSON.stringify({ id, messages: [{ role: 'user', content: 'Count!' }], responses })}\n`;
  })
  .join('');

/** Writes a case below `folder` and returns its command line. */
export function writeCase({ files, model, command }: HostileCase, folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  if (model !== undefined) {
    cpSync(join(fixtures, 'models', model), join(folder, 'model'), { recursive: true });
    cpSync(join(fixtures, 'byte-tokenizer'), join(folder, 'model'), { recursive: true });
  }
  writeFileSync(join(folder, 'log.jsonl'), LOG);
  for (const [name, content] of Object.entries(files)) {
    const value = typeof content === 'function' ? content() : content;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(
      join(folder, name),
      typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value),
    );
  }
  return command.map((argument) => argument.replace('@', `${folder}/`));
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.integer(items.length)]!;
}

/** A log-uniform whole number from 1 to 2^bits. */
export function magnitude(random: Random, bits: number): number {
  return Math.floor(2 ** (random.uniform() * bits));
}

/** The JSON file of a fixture. */
export function fixturePath(name: string): string {
  return join(fixtures, name);
}

export const SCORE_MODEL = [
  'score',
  '@log.jsonl',
  '--model',
  '@model',
  '-o',
  '@scores.jsonl',
  '--device',
  'cpu',
  '--quiet',
];
