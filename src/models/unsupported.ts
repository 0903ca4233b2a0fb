import { DataError } from '../errors.js';

/** Refusal of a model that would otherwise be computed wrongly: what is not supported, and what is instead. */
export function unsupported(path: string, what: string, supported: string): DataError {
  return new DataError('UNSUPPORTED_ARCHITECTURE', `${path}: ${what} is not supported; supported: ${supported}.`);
}
