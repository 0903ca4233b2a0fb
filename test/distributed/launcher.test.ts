import { describe, expect, it } from 'vitest';
import { chooseGpu, detectLaunch, type Launch } from '../../src/distributed/launcher.js';

describe('detectLaunch', () => {
  it.each([
    [
      'Open MPI',
      { OMPI_COMM_WORLD_RANK: '3', OMPI_COMM_WORLD_SIZE: '8', OMPI_COMM_WORLD_LOCAL_RANK: '1' },
      ['libmpi.so.40'],
    ],
    ['MPICH', { PMI_RANK: '3', PMI_SIZE: '8', MPI_LOCALRANKID: '1' }, ['libmpich.so.12', 'libmpi.so.12']],
    ['srun', { SLURM_PROCID: '3', SLURM_STEP_NUM_TASKS: '8', SLURM_LOCALID: '1', PMIX_RANK: '3' }, ['libmpi.so.40']],
    ['torchrun', { RANK: '3', WORLD_SIZE: '8', LOCAL_RANK: '1' }, []],
  ])('knows what %s says', (name, env, mpi) => {
    const launch = detectLaunch(env);
    expect(launch).toMatchObject({ rank: 3, size: 8, localRank: 1, mpi });
    expect(launch?.launcher).toContain(name);
  });

  it('sees no launcher in the variables of a batch script', () => {
    expect(detectLaunch({ SLURM_PROCID: '0', SLURM_NTASKS: '8' })).toBeNull();
  });

  it('takes mpirun before what a batch system says around it, and the library that the user names', () => {
    const env = {
      OMPI_COMM_WORLD_RANK: '1',
      OMPI_COMM_WORLD_SIZE: '2',
      SLURM_STEP_NUM_TASKS: '1',
      POPE_MPI: '/opt/mpi.so',
    };
    expect(detectLaunch(env)).toMatchObject({ rank: 1, size: 2, localRank: 0, mpi: ['/opt/mpi.so'] });
  });

  it.each([
    [{ PMI_SIZE: '2' }, 'the rank that mpirun of MPICH or a relative gives is undefined'],
    [{ RANK: '2', WORLD_SIZE: '2' }, 'gives rank 2 of 2: ranks begin at 0'],
    [{ RANK: '-1', WORLD_SIZE: '2' }, 'is "-1", not a whole number'],
  ])('refuses %j', (env, message) => {
    expect(() => detectLaunch(env)).toThrow(
      expect.objectContaining({ code: 'LAUNCHER', message: expect.stringContaining(message) }),
    );
  });
});

describe('chooseGpu', () => {
  const launch: Launch = { launcher: 'x', rank: 5, size: 8, localRank: 1, mpi: [] };

  it.each([
    [undefined, '1'],
    ['4,5,6', '5'],
    ['GPU-7', 'GPU-7'],
  ])('of %s leaves %s', (visible, left) => {
    const env = visible === undefined ? {} : { CUDA_VISIBLE_DEVICES: visible };
    chooseGpu(launch, env);
    expect(env).toEqual({ CUDA_VISIBLE_DEVICES: left });
  });

  it('refuses more ranks than GPUs', () => {
    const env = { CUDA_VISIBLE_DEVICES: '0,1' };
    expect(() => chooseGpu({ ...launch, localRank: 2 }, env)).toThrow(
      'is number 2 on its machine, but CUDA_VISIBLE_DEVICES names 2 GPUs',
    );
  });
});
