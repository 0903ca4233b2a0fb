/**
 * Makes prebuilds/<platform>-<arch>, what the npm package loads where nothing is compiled: `npm run prebuild`.
 *
 *     pope_cpu.glibc.node, libpope_cpu.so              the addon, and the C ABI without Node
 *     cuda/pope_cuda.glibc.node, cuda/libpope_cuda.so  the same with CUDA kernels, where cmake and nvcc are
 *
 * --cpu leaves CUDA out, --architectures is that of build-cuda.mjs. The folder is replaced when all of it has been made.
 *
 * package.json calls this `postprebuild`: a script called `prebuild` npm would run before every `npm run build` too.
 */
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import prebuildify from 'prebuildify';
import { findNvcc, isCommand, run } from './commands.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { cpu, architectures } = parseArgs({
  options: { cpu: { type: 'boolean' }, architectures: { type: 'string' } },
}).values;

const platform = `${process.platform}-${process.arch}`;
const suffix = process.platform === 'darwin' ? 'dylib' : 'so';
// In the clone, and not in the system's temporary folder, so that the result can be renamed into place.
const staging = join(root, 'build-prebuild');
const made = join(staging, 'prebuilds', platform);

rmSync(staging, { recursive: true, force: true });
runScript('setup.mjs');
await prebuildCpu();
if (!cpu) prebuildCuda();
publish();

async function prebuildCpu() {
  const products = join(staging, 'build', 'Release');
  mkdirSync(products, { recursive: true });
  for (const name of ['pope_cpu.node', `libpope_cpu.${suffix}`]) {
    copyFileSync(join(root, 'build', 'Release', name), join(products, name));
  }
  await promisify(prebuildify)({
    name: 'pope_cpu',
    napi: true,
    targets: [process.versions.node],
    tagLibc: process.platform === 'linux',
    strip: true,
    cwd: staging,
    out: staging,
    // Setup has built already; prebuildify's own build would wipe build/ and compile all of it again.
    nodeGyp: 'true',
  });
}

/** prebuildify knows nothing of cmake-js, so this does the same by hand. */
function prebuildCuda() {
  if (!findNvcc() || !isCommand('cmake')) {
    console.log('prebuild: without CUDA, for there is no cmake or no nvcc');
    return;
  }
  runScript('build-cuda.mjs', ...(architectures ? ['--architectures', architectures] : []));
  const addon = readdirSync(made)
    .find((name) => name.endsWith('.node'))
    .replace('pope_cpu', 'pope_cuda');
  mkdirSync(join(made, 'cuda'));
  for (const [from, to] of [
    ['pope_cuda.node', addon],
    [`libpope_cuda.${suffix}`, `libpope_cuda.${suffix}`],
  ]) {
    copyFileSync(join(root, 'build-cuda', 'Release', from), join(made, 'cuda', to));
    run('strip', [join(made, 'cuda', to), '--strip-all']);
  }
}

function publish() {
  const destination = join(root, 'prebuilds', platform);
  mkdirSync(dirname(destination), { recursive: true });
  rmSync(destination, { recursive: true, force: true });
  renameSync(made, destination);
  rmSync(staging, { recursive: true });
  for (const name of readdirSync(destination, { recursive: true }).sort()) {
    const stat = statSync(join(destination, name));
    if (stat.isFile()) console.log(`prebuilds/${platform}/${name}  ${Math.round(stat.size / 1024)} KiB`);
  }
}

function runScript(name, ...args) {
  run(process.execPath, [join(root, 'scripts', name), ...args], { cwd: root });
}
