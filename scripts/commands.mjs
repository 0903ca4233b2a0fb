import { spawnSync } from 'node:child_process';

/** Whether the program is there and answers. */
export function isCommand(command) {
  return !spawnSync(command, ['--version'], { stdio: 'ignore' }).error;
}

/** CUDA's compiler: named by CUDACXX, on the PATH, or where its installer puts it; undefined without one. */
export function findNvcc() {
  return [process.env.CUDACXX, 'nvcc', '/usr/local/cuda/bin/nvcc'].find((path) => path && isCommand(path));
}

/** Runs a command with its output shown. Throws when it fails. */
export function run(command, args, options = {}) {
  const { status, signal, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (error) throw error;
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${status ?? signal}`);
}
