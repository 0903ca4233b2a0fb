/** Loaded before a command (`node --import`): the first file that it opens with POISON in its name kills it, as the kernel does where memory ends. */
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const { open } = fs;
fs.open = (path, ...rest) => {
  if (String(path).includes(process.env.POISON)) process.kill(process.pid, 'SIGKILL');
  return open(path, ...rest);
};
syncBuiltinESMExports();
