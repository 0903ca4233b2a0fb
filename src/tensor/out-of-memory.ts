import { NativeError } from '../errors.js';

/**
 * Adds to a lack of memory, which says how much was asked for, by whom or what helps. Other errors are given back as they are.
 *
 * @param who asked, put before the message
 * @param advice put behind it
 */
export function explainMemory(error: unknown, { who, advice }: { who?: string; advice?: string }): unknown {
  if (!(error instanceof NativeError) || error.code !== 'OUT_OF_MEMORY') return error;
  const { index, sequence } = error;
  const message = [who && `${who}: `, error.message, advice && `; ${advice}`].filter(Boolean).join('');
  return new NativeError(error.code, message, { cause: error, index, sequence });
}

/** The same for work that may ask for memory. */
export async function withMemoryAdvice<T>(advice: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explainMemory(error, { advice });
  }
}

/** A typed array on the host; the engine's own error names no size. @throws NativeError OUT_OF_MEMORY */
export function hostMemory<T>(bytes: number, allocate: () => T): T {
  try {
    return allocate();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new NativeError('OUT_OF_MEMORY', `cannot allocate ${bytes} bytes on the host`, { cause: error });
  }
}
