import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const child = join(dirname(dirname(fileURLToPath(import.meta.url))), 'distributed', 'rank.child.mjs');

/** The ways to start ranks on this machine, as Debian names them, and the library that belongs to each. */
const known = [
  { mpirun: 'mpirun.openmpi', library: 'libmpi.so.40', options: ['--bind-to', 'none', '--oversubscribe'] },
  { mpirun: 'mpirun.mpich', library: 'libmpich.so.12', options: [] },
] as const;
export type Launcher = (typeof known)[number];

export const launchers = known.filter(({ mpirun }) => spawnSync(mpirun, ['--version']).status === 0);
for (const { mpirun } of known) {
  if (!launchers.some((launcher) => launcher.mpirun === mpirun)) {
    console.warn(`No ${mpirun} on the PATH: its tests of ranks are skipped.`);
  }
}

export interface RanksResult {
  status: number | null;
  stderr: string;
  /** What ranks that came to the orderly end have printed, by rank. */
  ranks: Record<string, unknown>[];
}

/** Runs a part of test/distributed/rank.child.mjs, on the built package, in two ranks. */
export async function runRanks(
  { mpirun, options }: Launcher,
  part: string,
  env: Record<string, string> = {},
): Promise<RanksResult> {
  const ranks = spawn(mpirun, [...options, '-n', '2', process.execPath, child, part], {
    env: {
      ...process.env,
      OMPI_ALLOW_RUN_AS_ROOT: '1',
      OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
      NO_COLOR: '1',
      POPE_THREADS: '1',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  ranks.stdout.on('data', (text) => {
    stdout += text;
  });
  ranks.stderr.on('data', (text) => {
    stderr += text;
  });
  const [status] = await once(ranks, 'close');
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  return { status, stderr, ranks: lines.map((line) => JSON.parse(line)).sort((a, b) => a.rank - b.rank) };
}
