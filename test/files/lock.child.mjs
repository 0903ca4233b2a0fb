/**
 * Takes the lock of a file, says so, and holds it until its standard input ends.
 *
 *     node lock.child.mjs FILE
 */
import { OutputLock } from '../../dist/files/lock.js';

try {
  const lock = await OutputLock.ofFile(process.argv[2]);
  console.log('held');
  for await (const _ of process.stdin);
  await lock.release();
} catch ({ code, message }) {
  console.log(`${code}: ${message}`);
}
