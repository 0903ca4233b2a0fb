/**
 * Finds and loads the native addon. Nothing happens on import; the first `loadAddon()` of an environment (main thread or
 * worker) tries the candidates in order and keeps the first that loads and has the whole contract of addon.ts.
 */
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeError, type PopeError, UnavailableError } from '../errors.js';
import type { NativeAddon } from './addon.js';

export type BinaryKind = 'explicit' | 'local release' | 'local debug' | 'prebuilt';

export interface Candidate {
  kind: BinaryKind;
  path: string;
}

export interface Rejection extends Candidate {
  reason: string;
}

export interface LoadedAddon {
  addon: NativeAddon;
  binary: Candidate;
}

export interface Search {
  found: LoadedAddon | null;
  /** Candidates that were tried before the one that was found, and why they were not taken. */
  rejected: Rejection[];
}

/** What a binary must export to be taken; one built from older sources is refused with the name that it lacks. */
export const addonExports = [
  'initialize',
  'info',
  'probeCuda',
  'createQueue',
  'createCommunicator',
  'ncclId',
  'runSync',
] as const satisfies (keyof NativeAddon)[];

/** Folder of package.json: src/native, dist/native and the parts of lib that ask are equally deep. */
export const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const require = createRequire(import.meta.url);

let search: Search | undefined;
let cudaSearch: Search | undefined;

/** The CPU addon, loaded at the first call. Throws `UnavailableError` NATIVE_UNAVAILABLE that lists what was tried. */
export function loadAddon(): NativeAddon {
  return loadedAddon().addon;
}

/** As `loadAddon`, with where the binary came from. */
export function loadedAddon(): LoadedAddon {
  const { found, rejected } = searchAddon();
  if (found) return found;
  const tried = rejected.map(({ kind, path, reason }) => `  ${kind}: ${path}\n    ${reason}`).join('\n');
  throw new UnavailableError(
    'NATIVE_UNAVAILABLE',
    `No native binary for ${process.platform}-${process.arch} on Node ${process.version} could be loaded. Tried:\n${tried}\n` +
      `Build it with \`npm run build:native\` in ${packageRoot} (needs python3, make and a C++20 compiler), or set ` +
      'POPE_NATIVE_PATH to a built file.',
  );
}

/** As `loadedAddon`, but a failure is part of the result: for `pope doctor`. */
export function searchAddon(): Search {
  search ??= tryCandidates(cpuCandidates());
  return search;
}

/** The binary with CUDA kernels, whether or not there is a GPU to run them; it is found apart from the one for the CPU. */
export function searchCudaAddon(): Search {
  cudaSearch ??= tryCandidates(cudaCandidates(), ({ probeCuda }) => {
    if (probeCuda(false) === null) throw new Error('it has no CUDA kernels');
  });
  return cudaSearch;
}

function cpuCandidates(): Candidate[] {
  const explicit = explicitCandidate();
  if (explicit) return [explicit];
  const local: Candidate[] = [
    { kind: 'local release', path: join(packageRoot, 'build', 'Release', 'pope_cpu.node') },
    { kind: 'local debug', path: join(packageRoot, 'build', 'Debug', 'pope_cpu.node') },
  ];
  // The build made last is the one its author means to run.
  local.sort((a, b) => modified(b.path) - modified(a.path));
  return [...local, ...prebuilt('.', 'pope_cpu')];
}

function cudaCandidates(): Candidate[] {
  const explicit = explicitCandidate();
  if (explicit) return [explicit];
  const local = join(packageRoot, 'build-cuda', 'Release', 'pope_cuda.node');
  return [{ kind: 'local release', path: local }, ...prebuilt('cuda', 'pope_cuda')];
}

function explicitCandidate(): Candidate | null {
  const path = process.env.POPE_NATIVE_PATH;
  return path ? { kind: 'explicit', path: resolve(path) } : null; // require() takes a relative path for a package
}

function prebuilt(subfolder: string, name: string): Candidate[] {
  const folder = join(packageRoot, 'prebuilds', `${process.platform}-${process.arch}`, subfolder);
  const suffixes = process.platform === 'linux' ? ['.glibc.node', '.musl.node'] : ['.node'];
  return suffixes.map((suffix) => ({ kind: 'prebuilt', path: join(folder, name + suffix) }));
}

/** The first candidate that loads and passes `check`. */
function tryCandidates(candidates: Candidate[], check: (addon: NativeAddon) => void = () => {}): Search {
  const rejected: Rejection[] = [];
  for (const binary of candidates) {
    try {
      const addon = loadBinary(binary.path);
      check(addon);
      return { found: { addon, binary }, rejected };
    } catch (error) {
      rejected.push({ ...binary, reason: error instanceof Error ? firstLine(error.message) : String(error) });
    }
  }
  return { found: null, rejected };
}

/** Loads one file and initialises it for this environment. Tests use it for the reference addon. */
export function loadBinary(path: string): NativeAddon {
  if (!existsSync(path)) throw new Error('no such file');
  const addon = require(path) as NativeAddon;
  const missing = addonExports.filter((name) => typeof addon[name] !== 'function');
  if (missing.length > 0) throw new Error(`built from other sources: it does not export ${missing.join(', ')}`);
  addon.initialize(nativeFailure);
  return addon;
}

/** Native failures as errors of this library: UNSUPPORTED means that this build cannot, the rest that this call did not. */
function nativeFailure(code: string, message: string, index: number, sequence: number): PopeError {
  return code === 'UNSUPPORTED'
    ? new UnavailableError(code, message)
    : new NativeError(code, message, { index, sequence });
}

function modified(path: string): number {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
