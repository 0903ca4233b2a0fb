/** Characters of a message: a file may have names of any length. */
const MAX_MESSAGE = 2000;

/**
 * Every failure that POPE reports on purpose is a `PopeError`: a stable `code` for programs, a sentence for people that
 * names the place, what was expected, what came and what to do next, and the exit code that the command line uses.
 */
export class PopeError extends Error {
  /** Stable, upper-case identifier; docs/errors.md lists them. */
  readonly code: string;
  /** Exit code of `pope` when this error ends a command. */
  readonly exitCode: number = 1;

  /**
   * An error with its code.
   *
   * @param code one of docs/errors.md
   * @param message one sentence: where, what was expected, what came, what to do
   */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)} ...` : message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A wrong argument, flag or configuration (exit code 2). */
export class UsageError extends PopeError {
  override readonly exitCode = 2;
}

/** A log, score file, model folder or checkpoint that fails validation (exit code 3). */
export class DataError extends PopeError {
  override readonly exitCode = 3;
}

/** A requested device or native binary that this machine cannot give (exit code 4). */
export class UnavailableError extends PopeError {
  override readonly exitCode = 4;
}

/** A kernel, the queue or the allocator refused its arguments or failed while running (exit code 1). */
export class NativeError extends PopeError {
  /** The offending row, response or slate, or -1. */
  readonly index: number;
  /** Number of the op in its device's queue, or -1 when it failed before it was enqueued. */
  readonly sequence: number;

  /** An error of native code; `index` and `sequence` where the failure has them. */
  constructor(code: string, message: string, options?: ErrorOptions & { index?: number; sequence?: number }) {
    super(code, message, options);
    this.index = options?.index ?? -1;
    this.sequence = options?.sequence ?? -1;
  }
}

/** The work was interrupted by a signal (exit code 130). */
export class InterruptedError extends PopeError {
  override readonly exitCode = 130;
}

/** Renders a received value for an error message: short, typed, never multi-line. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value === null) return 'null';
  if (typeof value === 'object') return `an object of type ${typeName(value)}`;
  return `${typeof value} ${String(value)}`;
}

/** What an error of another library says, fit for the message of ours: one line, not endless. */
export function describeError(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return text.length > 300 ? `${text.slice(0, 297)}...` : text;
}

/** The class of an object; an own field named `constructor`, which parsed input may have, is not asked. */
function typeName(value: object): string {
  const type: unknown = Object.getPrototypeOf(value)?.constructor;
  return typeof type === 'function' ? type.name : 'Object';
}
