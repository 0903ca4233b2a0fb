/**
 * Makes a folder from which whole models are tested and timed on a machine that has a GPU, but no Node, no npm and no network:
 *
 *   npm run build && npm run build:cuda -- --architectures 90-real && node bench/gpu/portable.mjs DIR
 *
 * DIR then holds an archive (this Node, sources and what is built of them, tests and the packages they import) and `run`, which
 * unpacks it below TMPDIR at its first call and runs a command in it, with `node` and `vitest` on the PATH:
 *
 *   DIR/run node bench/gpu/models.mjs --models Llama-3.2-1B --out "$PWD/models.json"
 *   DIR/run vitest test/models/golden-cuda.test.ts
 *
 * Needs tar, xz and strip here; there, a Linux of the same processor whose libc is not older, and tar with xz or Python.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadBinary } from '../../dist/native/loader.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const [folder] = process.argv.slice(2);
if (folder === undefined || folder.startsWith('-') || process.argv.length > 3) {
  console.error('portable: expected the folder to be made: node bench/gpu/portable.mjs DIR');
  process.exit(2);
}

const binaries = [
  ...['pope_cpu', 'pope_reference', 'pope_simt'].map((name) => `build/Release/${name}.node`),
  'build-cuda/Release/pope_cuda.node',
];
/** What travels of this repository: bench/gpu/run.sh wants native, the tests src. */
const parts = [
  'bench',
  'conformance',
  'dist',
  'native',
  'package.json',
  'scripts',
  'src',
  'test',
  'tsconfig.json',
  'vitest.config.ts',
  ...binaries,
];
const absent = parts.filter((part) => !existsSync(join(root, part)));
if (absent.length > 0) {
  console.error(`portable: expected to find ${absent.join(', ')}: run npm run setup and npm run build:cuda first`);
  process.exit(1);
}
for (const binary of binaries) loadBinary(join(root, binary)); // throws where it does not load

const staged = mkdtempSync(join(tmpdir(), 'pope-portable-'));
try {
  for (const part of parts) cpSync(join(root, part), join(staged, part), { recursive: true, filter: isUsed });
  for (const path of packages(['vitest', 'fast-check', ...Object.keys(manifest(root).dependencies)]))
    cpSync(join(root, path), join(staged, path), { recursive: true, dereference: true, filter: isUsed });
  addPrograms(join(staged, 'bin'));
  mkdirSync(resolve(folder), { recursive: true });
  const archive = join(resolve(folder), 'pope.tar.xz');
  execFileSync('tar', ['--create', '--xz', '--owner=0', '--group=0', '--file', archive, '--directory', staged, '.']);
  cpSync(new URL('portable-run.sh', import.meta.url), join(resolve(folder), 'run'));
  chmodSync(join(resolve(folder), 'run'), 0o755);
  console.log(`${archive}: ${(statSync(archive).size / 2 ** 20).toFixed(1)} MiB`);
} finally {
  rmSync(staged, { recursive: true, force: true });
}

/** Not: declarations, maps, and what documents a package. */
function isUsed(path) {
  return !/\.d\.[cm]?ts$|\.map$|\.md$|\/__pycache__$/.test(path) || path.includes('/test/');
}

function manifest(path) {
  return JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
}

/** The folders, relative to the root, of packages and all that they depend on and that is installed. */
function packages(names) {
  const found = new Set();
  const visit = (name, from) => {
    const place = [...ancestors(from)]
      .map((each) => join(each, 'node_modules', name))
      .find((each) => existsSync(join(root, each)));
    if (place === undefined || found.has(place)) return;
    found.add(place);
    const { dependencies, optionalDependencies } = manifest(join(root, place));
    for (const each of Object.keys({ ...dependencies, ...optionalDependencies })) visit(each, place);
  };
  for (const name of names) visit(name, '.');
  return found;
}

function* ancestors(path) {
  for (let each = path; ; each = dirname(each)) {
    yield each;
    if (each === '.') return;
  }
}

/** `node`, without its symbols, and `vitest`. */
function addPrograms(bin) {
  mkdirSync(bin);
  const node = join(bin, 'node');
  cpSync(process.execPath, node, { dereference: true });
  execFileSync('strip', [node]);
  writeFileSync(
    join(bin, 'vitest'),
    '#!/bin/sh\nexec node "$(dirname "$0")/../node_modules/vitest/vitest.mjs" run "$@"\n',
    {
      mode: 0o755,
    },
  );
}
