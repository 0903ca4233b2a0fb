/**
 * Builds the addon with CUDA kernels into build-cuda/Release: `npm run build:cuda`. Needs cmake and nvcc, found on the PATH,
 * through CUDACXX or in /usr/local/cuda; no GPU. --architectures 90-real builds for one GPU alone, which is quicker.
 *
 * --check is for those who change kernels, and for .ci/run: what the oldest GPU has, assembled for sm_90 alone, with host code
 * that is not optimised; fails where a kernel spills registers to memory. --list prints the registers of all kernels too.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findNvcc, isCommand } from './commands.mjs';
import { checkRegisters } from './ptxas.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { architectures, check, list } = parseArgs({
  options: { architectures: { type: 'string' }, check: { type: 'boolean' }, list: { type: 'boolean' } },
}).values;
const reads = check || list;

const nvcc = findNvcc();
if (!nvcc) stop('Building the CUDA kernels needs nvcc (the CUDA toolkit 12.8 or later); set CUDACXX to its path.');
if (!isCommand('cmake')) stop('Building the CUDA kernels needs cmake 3.19 or later.');

const program = join(root, 'node_modules', 'cmake-js', 'bin', 'cmake-js');
const optimised = `${check ? '-O0' : '-O3'} -DNDEBUG`;
const flags = [...(check ? ['-gencode=arch=compute_80,code=sm_90'] : []), ...(reads ? ['-Xptxas=-v'] : [])];
// All of them always said, for CMake would remember what an earlier build was told.
const options = {
  POPE_CUDA: 'ON',
  POPE_CUDA_ARCHITECTURES: check ? 'OFF' : (architectures ?? 'default'),
  CMAKE_CUDA_FLAGS: flags.join(' '),
  CMAKE_CUDA_FLAGS_RELEASE: optimised,
  CMAKE_CXX_FLAGS_RELEASE: optimised,
};
const { status, error, stdout, stderr } = spawnSync(
  process.execPath,
  [
    program,
    'compile',
    '--out',
    'build-cuda',
    ...Object.entries(options).map(([name, value]) => `--CD${name}=${value}`),
  ],
  {
    cwd: root,
    stdio: reads ? 'pipe' : 'inherit',
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, CUDACXX: nvcc },
  },
);
if (error) throw error;
if (status !== 0) {
  if (reads) console.error(stdout, stderr);
  process.exit(status ?? 1);
}
if (!existsSync(join(root, 'build-cuda', 'Release', 'pope_cuda.node'))) stop('cmake-js made no pope_cuda.node');
if (reads) checkRegisters(stdout + stderr, { list });

function stop(message) {
  console.error(message);
  process.exit(1);
}
