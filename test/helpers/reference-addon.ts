import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NativeAddon } from '../../src/native/addon.js';
import { loadBinary } from '../../src/native/loader.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
let addon: NativeAddon | undefined;

/** The test-only addon: the ops of the product over the slow double templates of native/kernels. */
export function referenceAddon(): NativeAddon {
  addon ??= loadBinary(join(root, 'build', 'Release', 'pope_reference.node'));
  return addon;
}
