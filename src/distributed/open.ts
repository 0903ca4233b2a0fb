import { describeError, UnavailableError, UsageError } from '../errors.js';
import { loadAddon } from '../native/loader.js';
import type { Device } from '../tensor/device.js';
import type { Launch } from './launcher.js';
import { LibraryCommunicator } from './library-communicator.js';

/** Longer than ranks are ever apart, between their slowest and fastest batch. */
const defaultPatience = 600;

/**
 * Joins the ranks that a launcher has started, for tensors of this device: over MPI for those of a CPU. Once per process.
 *
 * @param patience seconds that a call may take without getting on before the run is aborted; default 600
 * @throws UsageError `LAUNCHER` for a launcher without MPI; UnavailableError MPI_UNAVAILABLE without a library of it,
 *   LAUNCHER_MISMATCH when the library sees other ranks than the launcher started
 */
export async function openCommunicator(
  device: Device,
  launch: Launch,
  { patience = defaultPatience }: { patience?: number } = {},
): Promise<LibraryCommunicator> {
  if (device.kind === 'cuda') {
    throw new UnavailableError('NCCL_UNAVAILABLE', 'ranks on GPUs need NCCL, which is not used yet; use --device cpu');
  }
  return new LibraryCommunicator(...(await openMpi(launch)), patience);
}

async function openMpi(launch: Launch) {
  if (launch.mpi.length === 0) {
    throw new UsageError(
      'LAUNCHER',
      `this process was started by ${launch.launcher}, which brings no MPI, and ranks on CPUs need one; ` +
        'start them with mpirun -n N, or give each a GPU',
    );
  }
  const native = loadAddon().createCommunicator({ mpi: launch.mpi });
  const opened = await native.opened().catch((error: unknown) => {
    throw new UnavailableError(
      'MPI_UNAVAILABLE',
      `${describeError(error)}. This process was started by ${launch.launcher}; set POPE_MPI to the path of its library`,
    );
  });
  if (opened.size !== launch.size || opened.rank !== launch.rank) {
    throw new UnavailableError(
      'LAUNCHER_MISMATCH',
      `${launch.launcher} says that this is rank ${launch.rank} of ${launch.size}, but ${opened.library} sees rank ` +
        `${opened.rank} of ${opened.size}: launcher and library do not belong together, and every rank would work alone. ` +
        'Use the mpirun of that library, or set POPE_MPI to the path of the library of that mpirun',
    );
  }
  return [native, opened] as const;
}
