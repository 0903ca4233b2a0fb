import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = join(dirname(dirname(fileURLToPath(import.meta.url))), 'distributed', 'fake-nccl.c');

/** Compiles test/distributed/fake-nccl.c into a folder; null where there is no compiler. */
export function fakeNccl(folder: string): { library: string; messages: string } | null {
  const library = join(folder, 'libnccl.so.2');
  const { error, stderr } = spawnSync('cc', ['-O1', '-shared', '-fPIC', '-o', library, source], { encoding: 'utf8' });
  if (error === undefined) return { library, messages: stderr };
  console.warn('No cc on the PATH: the tests of ranks over NCCL are skipped.');
  return null;
}
