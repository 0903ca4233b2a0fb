import { describeValue, UsageError } from '../errors.js';

/** A setting as a flag, an environment variable or a config file gives it. */
export type RawSetting = string | string[] | boolean;

/** One flag of a command: its syntax for commander, what help says, and how its text becomes a value. */
export interface Flag<T> {
  readonly syntax: string;
  readonly description: string;
  readonly required: boolean;
  readonly fallback: T;
  /** Given several times, it has all its values; otherwise the last one counts. */
  readonly repeats?: true;
  /** Throws a plain `Error` whose message completes "--name: ". */
  parse(raw: RawSetting): T;
}

/** Turns the text of one value into that value; throws an `Error` that says what was expected. */
export type Parse<T> = (text: string) => T;

/** `--name <value>`, undefined when absent. */
export function optional<T>(syntax: string, description: string, parse: Parse<T>): Flag<T | undefined> {
  return { syntax, description, required: false, fallback: undefined, parse: (raw) => parse(single(raw)) };
}

/** `--name <value>` with a default. */
export function defaulted<T>(syntax: string, description: string, parse: Parse<T>, fallback: T): Flag<T> {
  return { syntax, description, required: false, fallback, parse: (raw) => parse(single(raw)) };
}

/** `--name <value>` that must be given by flag, environment or config file. */
export function required<T>(syntax: string, description: string, parse: Parse<T>): Flag<T> {
  // The fallback is never read: a missing required flag is an error before that.
  return { syntax, description, required: true, fallback: undefined as T, parse: (raw) => parse(single(raw)) };
}

/** `--name <value>`, as often as wanted. Unlike `several` it takes one value at a time, so arguments may follow it. */
export function repeated<T>(syntax: string, description: string, parse: Parse<T>): Flag<T[]> {
  return { ...several(syntax, description, parse), repeats: true };
}

/** `--name <value...>`: several values after one flag, or the flag several times. */
export function several<T>(syntax: string, description: string, parse: Parse<T>): Flag<T[]> {
  return { syntax, description, required: false, fallback: [], parse: (raw) => many(raw).map(parse) };
}

/** The same, at least once. */
export function severalRequired<T>(syntax: string, description: string, parse: Parse<T>): Flag<T[]> {
  return { ...several(syntax, description, parse), required: true };
}

/** `--name`, false when absent. */
export function onOff(syntax: string, description: string): Flag<boolean> {
  return { syntax, description, required: false, fallback: false, parse: booleanOf };
}

export const text: Parse<string> = (value) => {
  if (value === '') throw expected('some text', value);
  return value;
};

/** A file to write: written whole under another name and then renamed, which standard output cannot be. */
export const outputFile: Parse<string> = (value) => {
  if (value === '' || value === '-') throw expected('the name of a file to write', value);
  return value;
};

/** A chart to write. */
export const svgFile: Parse<string> = (value) => {
  if (!value.endsWith('.svg')) throw expected('the name of an .svg file', value);
  return value;
};

export const number: Parse<number> = (value) => {
  const parsed = value.trim() === '' ? Number.NaN : Number(value);
  if (!Number.isFinite(parsed)) throw expected('a finite number', value);
  return parsed;
};

export const positiveNumber: Parse<number> = (value) => {
  const parsed = number(value);
  if (parsed <= 0) throw expected('a number above 0', value);
  return parsed;
};

export const nonNegativeNumber: Parse<number> = (value) => {
  const parsed = number(value);
  if (parsed < 0) throw expected('a number of at least 0', value);
  return parsed;
};

export const wholeNumber: Parse<number> = (value) => {
  const parsed = number(value);
  if (!Number.isSafeInteger(parsed) || parsed < 0) throw expected('a whole number of at least 0', value);
  return parsed;
};

export const positiveInteger: Parse<number> = (value) => {
  const parsed = number(value);
  if (!Number.isSafeInteger(parsed) || parsed < 1) throw expected('a whole number of at least 1', value);
  return parsed;
};

export function oneOf<const T extends string>(...choices: T[]): Parse<T> {
  return (value) => {
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw expected(`one of ${choices.join(', ')}`, value);
    return found;
  };
}

/** Comma-separated list. */
export function listOf<T>(parse: Parse<T>): Parse<T[]> {
  return (value) => value.split(',').map((part) => parse(part.trim()));
}

/** An error that completes "--name: ". */
export function expected(what: string, got: unknown): Error {
  return new UsageError('BAD_OPTION', `expected ${what}, got ${describeValue(got)}`);
}

function single(raw: RawSetting): string {
  if (typeof raw !== 'string') throw expected('one value', raw);
  return raw;
}

function many(raw: RawSetting): string[] {
  if (typeof raw === 'boolean') throw expected('one or more values', raw);
  return typeof raw === 'string' ? [raw] : raw;
}

function booleanOf(raw: RawSetting): boolean {
  if (typeof raw === 'boolean') return raw;
  if (raw === '1' || raw === 'true') return true;
  if (raw === '0' || raw === 'false' || raw === '') return false;
  throw expected('true or false', raw);
}
