import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../torture/faults.c', import.meta.url));

/** Whether the library of faults can be built and loaded before libc here. */
export const canInjectFaults = process.platform === 'linux' && hasCompiler();

/** Builds torture/faults.c into a folder: the environment in which a process meets them, but for which faults and where. */
export function faultsLibrary(folder: string): { LD_PRELOAD: string } {
  const library = join(folder, 'faults.so');
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl']);
  return { LD_PRELOAD: library };
}

function hasCompiler(): boolean {
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
