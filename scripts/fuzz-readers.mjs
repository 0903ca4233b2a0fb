/**
 * What test/fuzz/readers.mjs needs: copies of dist/ and of the packages that read what files bring, with counters in every branch,
 * and libFuzzer as an addon of Node.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { instrumentFolders } from '../test/fuzz/instrument.mjs';

/** Where branches are counted: what the readers are made of. */
const COUNTED = [
  ...['dist/data', 'dist/files', 'dist/models'],
  ...['node_modules/@huggingface/jinja', 'node_modules/@huggingface/tokenizers'],
];

/** Builds into a folder, anew. Throws where something does not compile. */
export function buildReaders({ compiler, root, folder }) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of ['dist', ...COUNTED.filter((counted) => counted.startsWith('node_modules/'))]) {
    cpSync(join(root, name), join(folder, name), {
      recursive: true,
      filter: (path) => !/\.(map|d\.[cm]?ts|cjs)$/.test(path),
    });
  }
  const counters = instrumentFolders(COUNTED.map((name) => join(folder, name)));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'counters'), `${counters}`);
  buildAddon(compiler, root, join(folder, 'fuzz.node'));
}

const headers = join(dirname(dirname(process.execPath)), 'include', 'node');

/** What is missing to fuzz JavaScript; null where all is there. */
export function missingForReaders(compiler) {
  if (!existsSync(join(headers, 'node_api.h'))) return `the headers of Node in ${headers}`;
  const library = runtimeLibrary(compiler);
  return existsSync(library) ? null : `${library} of ${compiler}`;
}

function buildAddon(compiler, root, addon) {
  const flags = ['-std=c++20', '-O1', '-fPIC', '-shared', '-DNAPI_VERSION=9', '-Wall', '-Wextra', `-I${headers}`];
  const whole = ['-Wl,--whole-archive', runtimeLibrary(compiler), '-Wl,--no-whole-archive'];
  const command = [...flags, 'test/fuzz/javascript.cpp', ...whole, '-pthread', '-ldl', '-o', addon];
  if (spawnSync(compiler, command, { cwd: root, stdio: 'inherit' }).status !== 0)
    throw new Error(`${addon} does not link`);
}

/** libFuzzer without a main function, which clang brings on Linux. */
function runtimeLibrary(compiler) {
  const architecture = { x64: 'x86_64', arm64: 'aarch64' }[process.arch];
  const file = `libclang_rt.fuzzer_no_main-${architecture}.a`;
  return spawnSync(compiler, [`-print-file-name=${file}`], { encoding: 'utf8' }).stdout.trim();
}
