import { describeError, UnavailableError, UsageError } from '../errors.js';
import { loadCudaAddon } from '../native/cuda.js';
import { loadAddon } from '../native/loader.js';
import type { Device } from '../tensor/device.js';
import type { Launch } from './launcher.js';
import { LibraryCommunicator, type OpenLibrary } from './library-communicator.js';
import { leave, meetingPlace, share } from './rendezvous.js';

/** Longer than ranks are ever apart, between their slowest and fastest batch. */
const defaultPatience = 600;
const ncclIdBytes = 128;

/**
 * Joins the ranks that a launcher has started, for tensors of this device: over MPI for those of a CPU, over NCCL for those of
 * a GPU, whose ranks find each other over MPI where there is a launcher of it, else by `meetingPlace`. Once per process.
 * `POPE_NCCL` names the file of NCCL where the loader does not find it.
 *
 * @param patience seconds that a call may take without getting on before the run is aborted; default 600
 * @throws UsageError `LAUNCHER` for a launcher without MPI or a place to meet; UnavailableError MPI_UNAVAILABLE,
 *   NCCL_UNAVAILABLE without a library, LAUNCHER_MISMATCH when it sees other ranks than the launcher started, RENDEZVOUS
 */
export async function openCommunicator(
  device: Device,
  launch: Launch,
  { patience = defaultPatience }: { patience?: number } = {},
): Promise<LibraryCommunicator> {
  if (device.kind === 'cpu') {
    const mpi = await openMpi(launch);
    return new LibraryCommunicator(mpi, mpi, patience);
  }
  if (launch.mpi.length === 0) {
    const place = meetingPlace();
    const nccl = await openNccl(launch, (made) => share(made, { launch, place, bytes: ncclIdBytes, patience }));
    await leave(place, launch);
    return new LibraryCommunicator(nccl, nccl, patience);
  }
  const mpi = await openMpi(launch);
  const nccl = await openNccl(launch, async (made) => {
    const [id] = await mpi.native.gather(Float64Array.from(made ?? []));
    return Uint8Array.from(id ?? []);
  });
  return new LibraryCommunicator(nccl, mpi, patience);
}

async function openMpi(launch: Launch): Promise<OpenLibrary> {
  if (launch.mpi.length === 0) {
    throw new UsageError(
      'LAUNCHER',
      `this process was started by ${launch.launcher} which brings no MPI, and ranks on CPUs need one; ` +
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
  return { native, ...opened };
}

/** `spread` brings the bytes that rank 0 has made to every rank. */
async function openNccl(
  launch: Launch,
  spread: (made: Uint8Array | null) => Promise<Uint8Array>,
): Promise<OpenLibrary> {
  const addon = loadCudaAddon();
  const libraries = [process.env.POPE_NCCL || 'libnccl.so.2'];
  const { rank, size } = launch;
  const refuse = (error: unknown): never => {
    throw new UnavailableError(
      'NCCL_UNAVAILABLE',
      `${describeError(error)}. Ranks on GPUs need NCCL 2.10 or later; set POPE_NCCL to the path of libnccl.so.2`,
    );
  };
  const made =
    rank === 0
      ? await Promise.resolve()
          .then(() => addon.ncclId(libraries))
          .catch(refuse)
      : null;
  const id = await spread(made);
  const native = addon.createCommunicator({ nccl: { libraries, rank, size, id } });
  return { native, ...(await native.opened().catch(refuse)) };
}
