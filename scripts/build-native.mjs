/**
 * Builds the native addon with the node-gyp of this package: `npm run build:native`, or `build:debug` for --debug. What
 * stands after a `--` of its own goes to gyp: `node scripts/build-native.mjs -- -Dpope_sanitize=1`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fingerprint, nativeSources, nativeStamp } from './fingerprint.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const given = process.argv.slice(2);
const isReleaseBuild = given.length === 0;

/** The folder whose include/node has this Node's headers, when they lie beside the executable; else node-gyp downloads. */
function localHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : [];
}

// Taken before the build: an edit during the build must leave the result stale.
const sources = fingerprint(root, nativeSources);
if (isReleaseBuild) rmSync(join(root, nativeStamp), { force: true });

const gyp = join(root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
const options = [
  'configure',
  'build',
  `--jobs=${availableParallelism()}`,
  '--loglevel=warn',
  ...localHeaders(),
  ...given,
];
const { status, error } = spawnSync(process.execPath, [gyp, ...options], { cwd: root, stdio: 'inherit' });
if (error) throw error;
if (status === 0 && isReleaseBuild) writeFileSync(join(root, nativeStamp), sources);
process.exitCode = status ?? 1;
