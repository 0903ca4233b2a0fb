/**
 * Builds the native addon and library with node-gyp: `npm run build:native`, also in an installed package, beside which
 * node-gyp and node-addon-api then have to be installed (docs/packaging.md). --debug builds into build/Debug;
 * --sanitize adds AddressSanitizer and UndefinedBehaviorSanitizer (run Node with libasan preloaded: CONTRIBUTING.md).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fingerprint, nativeSources, nativeStamp } from './fingerprint.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { debug, sanitize } = parseArgs({
  options: { debug: { type: 'boolean' }, sanitize: { type: 'boolean' } },
}).values;

const { resolve } = createRequire(import.meta.url);
const nodeGyp = installed('node-gyp/bin/node-gyp.js');
installed('node-addon-api/package.json');

function installed(file) {
  try {
    return resolve(file);
  } catch {
    console.error('Building needs two packages more: npm install --save-dev node-gyp@12.4.0 node-addon-api@8.9.2');
    process.exit(1);
  }
}

/** The folder whose include/node has this Node's headers, when they lie beside the executable; else node-gyp downloads. */
function localHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : [];
}

function gyp(...command) {
  const options = [debug ? '--debug' : '--release', '--loglevel=warn', ...localHeaders()];
  const { status, error } = spawnSync(process.execPath, [nodeGyp, ...options, ...command], {
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
