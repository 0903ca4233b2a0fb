import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { describeValue, NativeError, PopeError, UnavailableError, UsageError } from '../src/errors.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const CODE = '[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*';
/** Codes of reading a file begin with what it is (src/data/input.ts). */
const INPUT_KINDS = ['LOG', 'SCORES', 'GENERATIONS', 'INPUT'];

/** Names with underscores that are no codes: of Parquet, PEFT, DuckDB, Node and the environment. */
const NAMES = [
  'BYTE_ARRAY',
  'CAUSAL_LM',
  'READ_ONLY',
  'ERR_ENCODING_INVALID_ENCODED_DATA',
  'ERR_SCRIPT_EXECUTION_TIMEOUT',
  'HF_TOKEN',
  'POPE_API_KEY',
];

/** Codes that the sources give to errors and warnings. */
function usedCodes(): Set<string> {
  const codes = new Set<string>();
  for (const name of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const source = readFileSync(join(root, 'src', name), 'utf8');
    // new DataError('CODE', ..), super('CODE', ..), warn('CODE', ..) and { code: 'CODE', .. }
    for (const match of source.matchAll(new RegExp(`(?:(?:Error|super|warn)\\(\\s*|code: )'(${CODE})'`, 'g')))
      codes.add(match[1]!);
    // Codes that reach an error or a warning on a longer way.
    for (const match of source.matchAll(/'([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)'/g)) codes.add(match[1]!);
    for (const match of source.matchAll(/Error\(\s*`\$\{[\w.]*kind\}(_[A-Z_]+)`/g)) {
      for (const kind of INPUT_KINDS) codes.add(kind + match[1]!);
    }
  }
  const native = readFileSync(join(root, 'native/core/error.cpp'), 'utf8');
  for (const match of native.matchAll(/return "([A-Z_]+)";/g)) codes.add(match[1]!);
  for (const name of NAMES) codes.delete(name);
  return codes;
}

/** Codes in the first columns of the tables of docs/errors.md. */
function documentedCodes(): string[] {
  const text = readFileSync(join(root, 'docs/errors.md'), 'utf8');
  return [...text.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(new RegExp(`\`(${CODE})\``, 'g'))].map((match) => match[1]!),
  );
}

describe('docs/errors.md', () => {
  const documented = documentedCodes();

  it('names every code once', () => {
    expect(documented.toSorted()).toEqual([...new Set(documented)].toSorted());
  });

  it('names all codes of the sources and no others', () => {
    expect(documented.toSorted()).toEqual([...usedCodes()].toSorted());
  });
});

describe('errors', () => {
  it('carry a code, their class name and an exit code', () => {
    expect(new UsageError('X', 'wrong')).toMatchObject({
      code: 'X',
      name: 'UsageError',
      exitCode: 2,
      message: 'wrong',
    });
    expect(new UnavailableError('X', 'not here')).toMatchObject({ exitCode: 4 });
    expect(new PopeError('X', 'failed', { cause: 'y' })).toMatchObject({ exitCode: 1, cause: 'y' });
    expect(new NativeError('X', 'failed')).toBeInstanceOf(PopeError);
  });

  it.each([
    ['text', '"text"'],
    ['x'.repeat(99), `"${'x'.repeat(57)}..."`],
    [[1, 2], 'an array of 2'],
    [null, 'null'],
    [Number.NaN, 'number NaN'],
    [undefined, 'undefined undefined'],
    [new Map(), 'an object of type Map'],
    [Object.create(null), 'an object of type Object'],
    [{ constructor: 1 }, 'an object of type Object'],
  ])('describe %o shortly', (value, wanted) => {
    expect(describeValue(value)).toBe(wanted);
  });
});
