import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/native/loader.js';

/** A fenced block of a page. */
export interface Fence {
  /** Path in the project. */
  page: string;
  /** Of its first fence, from 1. */
  line: number;
  language: string;
  /** What stands behind the language, such as `no-run="needs a GPU"` (CONTRIBUTING.md has the list). */
  attributes: Partial<Record<Attribute, string>>;
  text: string;
}

const ATTRIBUTES = ['no-run', 'file', 'of', 'within', 'is'] as const;
export type Attribute = (typeof ATTRIBUTES)[number];

const FENCE = /^```(?<language>[a-z]*)(?<attributes>(?: [a-z-]+="[^"]+")*)$/;

/** Every page that users read, by its path in the project. */
export const pages: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(packageRoot, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .toSorted(),
];

export function readPage(page: string): string {
  return readFileSync(join(packageRoot, page), 'utf8');
}

/**
 * The fenced blocks of a page, in order.
 *
 * @throws Error for a block that is not fenced, has no language, an unknown attribute, or no end
 */
export function fencesOf(page: string): Fence[] {
  const fences: Fence[] = [];
  let open: Fence | undefined;
  let previous = '';
  for (const [i, line] of readPage(page).split('\n').entries()) {
    const place = `${page}:${i + 1}`;
    if (open !== undefined) {
      if (line === '```') open = undefined;
      else open.text += `${line}\n`;
    } else if (/^\s*(```|~~~)/.test(line)) {
      open = opened(line, place, page, i + 1);
      fences.push(open);
    } else if (/^( {4}|\t)/.test(line) && previous === '') {
      throw new Error(`${place}: a block that no test reads: put it between fences that name its language`);
    }
    previous = line;
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: the block has no end`);
  return fences;
}

function opened(text: string, place: string, page: string, line: number): Fence {
  const groups = FENCE.exec(text)?.groups;
  if (!groups?.language) {
    throw new Error(`${place}: expected \`\`\`language key="value".., got ${text}`);
  }
  const attributes: Fence['attributes'] = {};
  for (const [, key, value] of groups.attributes!.matchAll(/ ([a-z-]+)="([^"]+)"/g)) {
    const known = ATTRIBUTES.find((name) => name === key);
    if (known === undefined) throw new Error(`${place}: expected one of ${ATTRIBUTES.join(', ')}, got ${key}`);
    attributes[known] = value!;
  }
  return { page, line, language: groups.language, attributes, text: '' };
}
