import { join } from 'node:path';
import { packageRoot } from '../../src/native/loader.js';

/** The C ABI as a plain shared library, which `npm run build:native` makes beside the addon. */
export const abiLibrary = join(
  packageRoot,
  'build',
  'Release',
  `libpope_cpu.${process.platform === 'darwin' ? 'dylib' : 'so'}`,
);
