import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What the native addon is made of; the published package has no tests. */
export const nativeSources = ['native', 'test/native/core', 'binding.gyp', 'scripts/build-native.mjs'];
/** Written beside the addon by the build that made it. */
export const nativeStamp = 'build/Release/.pope-sources';

/**
 * Hash of names and contents of files and folders below `root`, with the Node version: contents and not times, because a
 * checkout makes everything look new.
 */
export function fingerprint(root, paths) {
  const hash = createHash('sha256').update(process.version);
  const present = paths.filter((path) => existsSync(join(root, path)));
  for (const path of present.flatMap((path) => filesOf(root, path)).sort()) {
    hash.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  }
  return hash.digest('hex');
}

function filesOf(root, path) {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) => {
    const child = `${path}/${entry.name}`;
    return entry.isDirectory() ? filesOf(root, child) : [child];
  });
}
