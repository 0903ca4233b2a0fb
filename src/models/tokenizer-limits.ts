/** @file What a tokenizer.json from anybody may do to a text: patterns can take time without end, replacements can make it grow. */
import { createContext, Script } from 'node:vm';
import { DataError, describeError, describeValue, PopeError } from '../errors.js';

/** Times that replacements may lengthen a text, one after the other. */
const MAX_GROWTH = 64;
/** The published files have 100; WordPiece takes the square of it. */
const MAX_WORD_CHARACTERS = 1000;
/** Milliseconds for a text, and for each of its characters: published patterns need a thousandth. */
const BASE_TIME = 2000;
const TIME_PER_CHARACTER = 0.02;

/** Patterns that are known to take linear time: those of Llama 3, of Qwen 2 and 3, and of GPT-2. */
const KNOWN_PATTERNS = new Set([
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
]);

/** Runs work on a text of this tokenizer. @throws DataError INVALID_TOKENIZER where the work fails or takes too long */
export type Limit = <T>(text: string, work: () => T) => T;

/**
 * Refuses a tokenizer.json whose parts could make a text grow without end, and returns what its work on texts has to run in: within
 * a time limit where it has patterns that are not known.
 *
 * @throws DataError INVALID_TOKENIZER
 */
export function tokenizerLimit(path: string, json: object): Limit {
  const { normalizer, decoder, model } = json as Record<string, unknown>;
  for (const [field, node] of Object.entries({ normalizer, decoder })) {
    const growth = stepsOf(node).reduce((product, step) => product * growthOf(step), 1);
    if (growth > MAX_GROWTH) {
      throw invalid(
        path,
        `field "${field}": its replacements can make a text ${growth} times as long, more than ${MAX_GROWTH}`,
      );
    }
  }
  const longest = (model as Record<string, unknown> | undefined)?.max_input_chars_per_word ?? 100;
  if (!(Number(longest) <= MAX_WORD_CHARACTERS)) {
    const expected = `expected at most ${MAX_WORD_CHARACTERS}, got ${describeValue(longest)}`;
    throw invalid(path, `field "model.max_input_chars_per_word": ${expected}`);
  }
  const limit: Limit = patternsOf(json).every((pattern) => KNOWN_PATTERNS.has(pattern))
    ? (_, work) => work()
    : timed(path);
  return (text, work) => {
    try {
      return limit(text, work);
    } catch (error) {
      if (error instanceof PopeError) throw error;
      // The library takes fields for granted, and finds them missing only when it uses them.
      const problem = `cannot be used on ${describeValue(text)}: ${describeError(error)}`;
      throw new DataError('INVALID_TOKENIZER', `${path}: ${problem}`, { cause: error });
    }
  };
}

type Step = Readonly<Record<string, unknown>>;

/** The steps of a normalizer or decoder: its own, or those of a sequence. */
function stepsOf(node: unknown): Step[] {
  if (typeof node !== 'object' || node === null) return [];
  const step = node as Step;
  const inner = step.normalizers ?? step.decoders;
  return Array.isArray(inner) ? inner.flatMap(stepsOf) : [step];
}

/** How many times longer a step makes a text at most. */
function growthOf({ type, pattern, content, prepend }: Step): number {
  const added = String(content ?? prepend ?? '').length;
  if (type !== 'Replace') return 1 + added / 16;
  const { String: text } = (pattern ?? {}) as Step;
  // A regular expression may match nothing, which is between any two characters.
  return typeof text === 'string' && text !== '' ? Math.max(1, added / text.length) : 1 + added;
}

function patternsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { Regex, ...rest } = value as Step;
  const below = Object.entries(rest).flatMap(([key, inner]) =>
    key === 'vocab' || key === 'merges' ? [] : patternsOf(inner),
  );
  return typeof Regex === 'string' ? [Regex, ...below] : below;
}

/** Work that is stopped when its time is over, wherever it is: nothing but a context of node:vm can do that in one thread. */
function timed(path: string): Limit {
  const context = createContext({ run: null as unknown });
  const script = new Script('run()');
  return <T>(text: string, work: () => T): T => {
    context.run = work;
    const timeout = Math.ceil(BASE_TIME + TIME_PER_CHARACTER * text.length);
    try {
      return script.runInContext(context, { timeout }) as T;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
      const slow = `needs more than ${timeout} ms for a text of ${text.length} characters: one of its patterns does not end`;
      throw invalid(path, `${slow}, ${describeValue(text)}`);
    } finally {
      context.run = null;
    }
  };
}

function invalid(path: string, problem: string): DataError {
  return new DataError('INVALID_TOKENIZER', `${path}: ${problem}`);
}
