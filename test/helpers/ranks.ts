import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
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
  /** Exit code or signal of the first process that did not end with 0, else 0. */
  status: number | string;
  stderr: string;
  /** What ranks that came to the orderly end have printed, by rank. */
  ranks: Record<string, unknown>[];
}

/** Runs a part of test/distributed/rank.child.mjs, on the built package, in two ranks that mpirun starts. */
export function runRanks({ mpirun, options }: Launcher, part: string, env: Environment = {}): Promise<RanksResult> {
  return results([start(mpirun, [...options, '-n', '2', process.execPath, child, part], env)]);
}

/** The same in two processes that are started as torchrun starts them. */
export function runRanksWithoutMpi(part: string, env: Environment): Promise<RanksResult> {
  const environment = (rank: string) => ({ ...env, RANK: rank, WORLD_SIZE: '2', LOCAL_RANK: rank });
  return results(['0', '1'].map((rank) => start(process.execPath, [child, part], environment(rank))));
}

type Environment = Record<string, string>;

/** For Open MPI to start as root, without colours in numbers, and for ranks to share a machine. */
export const RANK_ENVIRONMENT = {
  OMPI_ALLOW_RUN_AS_ROOT: '1',
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1',
  NO_COLOR: '1',
  POPE_THREADS: '1',
};

function start(command: string, args: string[], env: Environment): ChildProcess {
  return spawn(command, args, {
    env: { ...process.env, ...RANK_ENVIRONMENT, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function results(processes: ChildProcess[]): Promise<RanksResult> {
  const ends = await Promise.all(
    processes.map(async (ranks) => {
      let [stdout, stderr] = ['', ''];
      ranks.stdout?.on('data', (text) => {
        stdout += text;
      });
      ranks.stderr?.on('data', (text) => {
        stderr += text;
      });
      const [status, signal] = await once(ranks, 'close');
      return { status: status ?? signal, stdout, stderr };
    }),
  );
  const lines = ends.flatMap(({ stdout }) => stdout.split('\n')).filter((line) => line.startsWith('{'));
  return {
    status: ends.find(({ status }) => status !== 0)?.status ?? 0,
    stderr: ends.map(({ stderr }) => stderr).join(''),
    ranks: lines.map((line) => JSON.parse(line)).sort((a, b) => a.rank - b.rank),
  };
}
