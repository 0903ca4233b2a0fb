/**
 * Builds the addon with CUDA kernels into build-cuda/Release: `npm run build:cuda`. Needs cmake and nvcc, found on the PATH,
 * through CUDACXX or in /usr/local/cuda; no GPU. --architectures 90-real builds for one GPU alone, which is quicker.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findNvcc, isCommand } from './commands.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { architectures } = parseArgs({ options: { architectures: { type: 'string' } } }).values;

const nvcc = findNvcc();
if (!nvcc) stop('Building the CUDA kernels needs nvcc (the CUDA toolkit 12.8 or later); set CUDACXX to its path.');
if (!isCommand('cmake')) stop('Building the CUDA kernels needs cmake 3.19 or later.');

const program = join(root, 'node_modules', 'cmake-js', 'bin', 'cmake-js');
// Always said, for CMake would remember what an earlier build was told.
const options = ['--CDPOPE_CUDA=ON', `--CDPOPE_CUDA_ARCHITECTURES=${architectures ?? 'default'}`];
const { status, error } = spawnSync(process.execPath, [program, 'compile', '--out', 'build-cuda', ...options], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, CUDACXX: nvcc },
});
if (error) throw error;
if (status !== 0) process.exit(status ?? 1);
if (!existsSync(join(root, 'build-cuda', 'Release', 'pope_cuda.node'))) stop('cmake-js made no pope_cuda.node');

function stop(message) {
  console.error(message);
  process.exit(1);
}
