import { readFileSync } from 'node:fs';
import { loadedAddon } from '../../src/native/loader.js';

/** Whether `npm run build:asan` made the native code, with which Node has the sanitizers' library preloaded (CONTRIBUTING.md). */
const isSanitized = readFileSync(loadedAddon().binary.path).includes('__asan_init');

/** Whether to leave out what cannot hold with sanitizers; if so, says why. */
export function skipSanitized(reason: string): boolean {
  if (isSanitized) console.warn(`Left out with sanitizers: ${reason}.`);
  return isSanitized;
}

/**
 * All that a program other than Node needs in its environment to load the native code: nothing, or the sanitizers' library
 * and that of C++, in which they look for `throw` when the program starts. `preload`: a library to load then too.
 */
export function nativeEnvironment(preload?: string): Record<string, string> {
  if (!isSanitized) return preload ? { LD_PRELOAD: preload } : {};
  const { LD_PRELOAD, ASAN_OPTIONS = '', UBSAN_OPTIONS = '' } = process.env;
  return { ASAN_OPTIONS, UBSAN_OPTIONS, LD_PRELOAD: [LD_PRELOAD, 'libstdc++.so.6', preload].join(' ') };
}
