/**
 * Builds the native addon with the node-gyp of this package: `npm run build:native`. --debug builds into build/Debug;
 * --sanitize adds AddressSanitizer and UndefinedBehaviorSanitizer (run Node with libasan preloaded: CONTRIBUTING.md).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fingerprint, nativeSources, nativeStamp } from './fingerprint.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { debug, sanitize } = parseArgs({
  options: { debug: { type: 'boolean' }, sanitize: { type: 'boolean' } },
}).values;

/** The folder whose include/node has this Node's headers, when they lie beside the executable; else node-gyp downloads. */
function localHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : [];
}

function gyp(...command) {
  const program = join(root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  const options = [debug ? '--debug' : '--release', '--loglevel=warn', ...localHeaders()];
  const { status, error } = spawnSync(process.execPath, [program, ...options, ...command], {
    cwd: root,
    stdio: 'inherit',
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

// Taken before the build: an edit during the build must leave the result stale.
const sources = fingerprint(root, nativeSources);
if (!debug) rmSync(join(root, nativeStamp), { force: true });
gyp('configure', '--', `-Dpope_sanitize=${Number(sanitize ?? false)}`);
gyp('build', `--jobs=${availableParallelism()}`);
if (!debug && !sanitize) writeFileSync(join(root, nativeStamp), sources);
