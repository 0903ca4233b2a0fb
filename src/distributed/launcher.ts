import { describeValue, UsageError } from '../errors.js';

/** How this process was started as one of several. */
export interface Launch {
  /** Who started it, for messages. */
  readonly launcher: string;
  readonly rank: number;
  readonly size: number;
  /** Its number among the ranks of the same machine. */
  readonly localRank: number;
  /** The MPI libraries that belong to the launcher, the likeliest first; none where it has nothing to do with MPI. */
  readonly mpi: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What launchers say in the environment of what they start; the first that says a size is the one. */
const launchers = [
  {
    launcher: 'mpirun of Open MPI',
    says: (env: Environment) => ({
      rank: env.OMPI_COMM_WORLD_RANK,
      size: env.OMPI_COMM_WORLD_SIZE,
      localRank: env.OMPI_COMM_WORLD_LOCAL_RANK,
    }),
    mpi: () => openMpi,
  },
  {
    launcher: 'mpirun of MPICH or a relative',
    says: (env: Environment) => ({ rank: env.PMI_RANK, size: env.PMI_SIZE, localRank: env.MPI_LOCALRANKID }),
    mpi: () => mpich,
  },
  // Not SLURM_NTASKS, which a batch script sees too: only what srun starts is a step.
  {
    launcher: 'srun',
    says: (env: Environment) => ({
      rank: env.SLURM_PROCID,
      size: env.SLURM_STEP_NUM_TASKS,
      localRank: env.SLURM_LOCALID,
    }),
    mpi: (env: Environment) => (env.PMIX_RANK === undefined ? [...mpich, ...openMpi] : openMpi),
  },
  {
    launcher: 'torchrun, or who else sets RANK and WORLD_SIZE,',
    says: (env: Environment) => ({ rank: env.RANK, size: env.WORLD_SIZE, localRank: env.LOCAL_RANK }),
    mpi: () => [],
  },
] as const;

const openMpi = ['libmpi.so.40'];
const mpich = ['libmpich.so.12', 'libmpi.so.12'];

/**
 * Who started this process as a rank, or null: it was started alone. `POPE_MPI` names the file of the MPI library where the
 * loader does not find it.
 *
 * @throws UsageError `LAUNCHER` when its variables contradict each other
 */
export function detectLaunch(env: Environment = process.env): Launch | null {
  for (const { launcher, says, mpi } of launchers) {
    const said = says(env);
    if (said.size === undefined) continue;
    const whole = (what: string, text: string | undefined) => {
      if (text !== undefined && /^\d{1,9}$/.test(text)) return Number(text);
      throw new UsageError(
        'LAUNCHER',
        `the ${what} that ${launcher} gives is ${describeValue(text)}, not a whole number`,
      );
    };
    const rank = whole('rank', said.rank);
    const size = whole('number of ranks', said.size);
    if (rank >= size) throw new UsageError('LAUNCHER', `${launcher} gives rank ${rank} of ${size}: ranks begin at 0`);
    const localRank = said.localRank === undefined ? 0 : whole('rank on this machine', said.localRank);
    return { launcher, rank, size, localRank, mpi: env.POPE_MPI ? [env.POPE_MPI] : mpi(env) };
  }
  return null;
}

/** Lets CUDA see one GPU only, that of this rank. To be called before anything asks for a GPU. */
export function chooseGpu(launch: Launch, env: NodeJS.ProcessEnv = process.env): void {
  const visible = env.CUDA_VISIBLE_DEVICES?.split(',').filter((name) => name !== '');
  // A launcher that gives each rank its own GPU has chosen already.
  if (visible?.length === 1) return;
  const chosen = visible === undefined ? String(launch.localRank) : visible[launch.localRank];
  if (chosen === undefined) {
    throw new UsageError(
      'LAUNCHER',
      `rank ${launch.rank} is number ${launch.localRank} on its machine, but CUDA_VISIBLE_DEVICES names ${visible?.length} GPUs; ` +
        'start one rank per GPU',
    );
  }
  env.CUDA_VISIBLE_DEVICES = chosen;
}
