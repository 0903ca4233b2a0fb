/**
 * Compiles every CUDA kernel and reads what ptxas says of it: a kernel that spills registers to memory, or keeps an array
 * there because it is indexed by a variable, fails the gate. Needs nvcc, no GPU; without nvcc it says so and passes.
 *
 *   node scripts/check-ptxas.mjs [--architectures 80,90] [--list]
 *
 * --list prints registers and shared memory of all kernels.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const options = { architectures: { type: 'string', default: '80,90' }, list: { type: 'boolean', default: false } };
const { architectures, list } = parseArgs({ options }).values;

const nvcc = [process.env.CUDACXX, 'nvcc', '/usr/local/cuda/bin/nvcc'].find((path) => path && isCommand(path));
if (!nvcc) {
  console.log('check-ptxas: skipped, no nvcc here');
  process.exit(0);
}

const sources = JSON.parse(readFileSync(join(root, 'native', 'sources.json'), 'utf8'));
const jobs = architectures
  .split(',')
  .flatMap((architecture) =>
    sources.cudaKernels.filter((source) => source.endsWith('.cu')).map((source) => ({ source, architecture })),
  );
const kernels = [];
await Promise.all(Array.from({ length: availableParallelism() }, work));

if (kernels.length === 0) fail('ptxas reported no kernel');
const spilling = kernels.filter(({ stack, spills }) => stack > 0 || spills > 0);
for (const { name, architecture, registers, shared, stack, spills } of list ? kernels : spilling) {
  console.log(
    `sm_${architecture} ${String(registers).padStart(3)} registers ${String(shared).padStart(6)} B shared ` +
      `${String(stack).padStart(4)} B stack ${String(spills).padStart(4)} B spilled  ${demangled(name)}`,
  );
}
if (spilling.length > 0) fail(`${spilling.length} of ${kernels.length} kernels keep registers in memory`);
console.log(`check-ptxas: ${kernels.length} kernels for sm_${architectures.replaceAll(',', ', sm_')}, none spills`);

async function work() {
  for (let job = jobs.shift(); job; job = jobs.shift()) kernels.push(...(await compile(job)));
}

/** The kernels of one file, by ptxas. The host's part is not compiled. */
function compile({ source, architecture }) {
  const command = ['-cubin', '-o', '/dev/null', `-arch=sm_${architecture}`, '-std=c++20', '-DPOPE_WITH_CUDA'];
  const child = spawn(nvcc, [...command, '-Inative', '-Inative/include', '-Xptxas=-v', source], { cwd: root });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  return new Promise((resolve) => {
    child
      .on('error', (error) => fail(`cannot run ${nvcc}: ${error.message}`))
      .on('close', (code) => (code === 0 ? resolve(parse(output, architecture)) : fail(`${source}:\n${output}`)));
  });
}

function parse(output, architecture) {
  return output
    .split(/Compiling entry function '/)
    .slice(1)
    .map((text) => ({
      architecture,
      name: text.slice(0, text.indexOf("'")),
      stack: number(text, /(\d+) bytes stack frame/),
      spills: number(text, /(\d+) bytes spill stores/),
      registers: number(text, /Used (\d+) registers/),
      shared: Number(text.match(/(\d+) bytes smem/)?.[1] ?? 0),
    }));
}

function number(text, pattern) {
  const found = text.match(pattern);
  if (!found) fail(`ptxas says nothing like ${pattern}:\n${text}`);
  return Number(found[1]);
}

function demangled(name) {
  const { stdout, status } = spawnSync('c++filt', [name], { encoding: 'utf8' });
  return (status === 0 ? stdout.trim() : name)
    .replace(/\(anonymous namespace\)::|pope::cuda::|void /g, '')
    .replace(/\(.*/, '');
}

function isCommand(command) {
  return !spawnSync(command, ['--version'], { stdio: 'ignore' }).error;
}

function fail(message) {
  console.error(`check-ptxas: ${message}`);
  process.exit(1);
}
