/**
 * An asynchronous function of a module that is loaded with the first call, not with the program: for a package of which most
 * callers use a part.
 */
export function onCall<F extends (...values: never[]) => Promise<unknown>>(load: () => Promise<F>): F {
  return (async (...values: Parameters<F>) => (await load())(...values)) as F;
}
