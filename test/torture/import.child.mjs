/**
 * `pope import generic` with so little memory that rows go through files.
 *
 *     node import.child.mjs CSV LOG
 */
import { importLog } from '../../dist/data/import.js';

const [, , csv, output] = process.argv;
try {
  await importLog('generic', [csv], {
    output,
    maxCharacters: 20_000,
    adapterOptions: { map: ['query=thread', 'text=comment', 'signal=likes'] },
  });
} catch ({ code, message }) {
  console.error(`pope: ${code}: ${message}`);
  process.exitCode = 1;
}
