// Builds the native addon with the node-gyp of this package: `npm run build:native`, or `build:debug` for --debug.
// What stands after `--` goes to gyp, as in `npm run build:native -- -- -Dpope_sanitize=1`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const given = process.argv.slice(2);
const cut = given.includes('--') ? given.indexOf('--') : given.length;

/** The folder whose include/node holds this Node's headers, when they lie beside the executable; else node-gyp downloads. */
function localHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : [];
}

const { status, error } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'),
    'configure',
    'build',
    `--jobs=${availableParallelism()}`,
    '--loglevel=warn',
    ...localHeaders(),
    ...given.slice(0, cut),
    ...given.slice(cut),
  ],
  { cwd: root, stdio: ['ignore', process.stderr.isTTY ? 'inherit' : 2, 'inherit'] },
);
if (error) throw error;
if (status !== 0) {
  console.error(
    '\nThe native addon was not built; the reason is above. Building needs python3, make and a C++20 compiler.',
  );
}
process.exitCode = status ?? 1;
