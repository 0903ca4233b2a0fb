/** Writes a C++ source that includes another file: node scripts/include-file.mjs FILE OUTPUT. For a rule of binding.gyp. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const [file, output] = process.argv.slice(2);
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, `#include ${JSON.stringify(resolve(file))}\n`);
