/** Compiles C++ sources outside gyp and cmake, for programs under sanitizers. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';

/** How many compilers may run at a time. */
export const allJobs = Number(process.env.JOBS) || availableParallelism();

/**
 * Object of each source, compiled with `flagsOf(source)` into `folder`. Objects that are newer than every file below `inputs`
 * stay; `jobs` compilers run at a time. Rejects with an `Error` that names the source.
 */
export async function compileObjects({ compiler, root, folder, sources, flagsOf, inputs, jobs = allJobs }) {
  mkdirSync(folder, { recursive: true });
  const objects = new Map(sources.map((source, i) => [source, join(folder, `${i}-${basename(source)}.o`)]));
  const changed =
    inputs === undefined ? Number.POSITIVE_INFINITY : Math.max(...inputs.map((input) => newest(join(root, input))));
  const queue = [...objects].filter(([, object]) => modified(object) <= changed);
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [source, object] = next;
      const language = source.endsWith('.cu') ? ['-x', 'c++'] : [];
      await compile(compiler, root, [...flagsOf(source), ...language, '-c', source, '-o', object]);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return objects;
}

/** Time of the last change below a folder. */
function newest(folder) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return Math.max(...names.map((name) => modified(join(folder, name))));
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function compile(compiler, root, args) {
  return new Promise((resolve, reject) => {
    spawn(compiler, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
      .on('error', (error) => reject(new Error(`cannot run ${compiler}: ${error.message}`)))
      .on('close', (code) => (code === 0 ? resolve() : reject(new Error(`does not compile: ${args.join(' ')}`))));
  });
}

/** Links objects into a program. */
export function linkProgram({ compiler, root, program, objects, flags }) {
  const command = [...flags, ...objects, '-pthread', '-ldl', '-o', program];
  if (spawnSync(compiler, command, { cwd: root, stdio: 'inherit' }).status !== 0) {
    throw new Error(`${program} does not link`);
  }
  return program;
}
