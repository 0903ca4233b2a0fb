/** What ptxas, run by nvcc with -Xptxas=-v, says of each CUDA kernel. */
import { spawnSync } from 'node:child_process';

/**
 * Fails, by an `Error` that names them, where kernels spill registers to memory, or keep an array there because it is indexed
 * by a variable. `output` is that of the whole build. `list` prints registers and shared memory of all kernels.
 */
export function checkRegisters(output, { list = false } = {}) {
  const kernels = parse(output);
  if (kernels.length === 0) throw new Error('ptxas reported no kernel: nothing was compiled; remove build-cuda first');
  const spilling = kernels.filter(({ stack, spills }) => stack > 0 || spills > 0);
  for (const { name, architecture, registers, shared, stack, spills } of list ? kernels : spilling) {
    console.log(
      `${architecture} ${String(registers).padStart(3)} registers ${String(shared).padStart(6)} B shared ` +
        `${String(stack).padStart(4)} B stack ${String(spills).padStart(4)} B spilled  ${demangled(name)}`,
    );
  }
  if (spilling.length > 0) throw new Error(`${spilling.length} of ${kernels.length} kernels keep registers in memory`);
  console.log(
    `${kernels.length} kernels for ${[...new Set(kernels.map((k) => k.architecture))].join(', ')}, none spills`,
  );
}

function parse(output) {
  return output
    .split(/Compiling entry function '/)
    .slice(1)
    .map((text) => ({
      name: text.slice(0, text.indexOf("'")),
      architecture: find(text, /' for '(\w+)'/),
      stack: Number(find(text, /(\d+) bytes stack frame/)),
      spills: Number(find(text, /(\d+) bytes spill stores/)),
      registers: Number(find(text, /Used (\d+) registers/)),
      shared: Number(text.match(/(\d+) bytes smem/)?.[1] ?? 0),
    }));
}

function find(text, pattern) {
  const found = text.match(pattern);
  if (!found) throw new Error(`ptxas says nothing like ${pattern}:\n${text}`);
  return found[1];
}

function demangled(name) {
  const { stdout, status } = spawnSync('c++filt', [name], { encoding: 'utf8' });
  return (status === 0 ? stdout.trim() : name)
    .replace(/\(anonymous namespace\)::|pope::cuda::|void /g, '')
    .replace(/\(.*/, '');
}
