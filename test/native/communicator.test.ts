/** A communicator that never gets to other ranks; test/distributed has those that do. */
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/native/loader.js';
import { simtAddon } from '../helpers/simt-addon.js';

const addon = loadAddon();

describe('a communicator', () => {
  it('says why each library is not taken, now and to whoever comes later', async () => {
    const communicator = addon.createCommunicator({ mpi: ['libnothing.so.1', 'libm.so.6'] });
    const reason = /^no MPI library can be used: libnothing\.so\.1: .*; libm\.so\.6: has no function MPI_Init_thread$/;
    await expect(communicator.opened()).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(reason),
    });
    await expect(communicator.gather(Float64Array.of(1))).rejects.toThrow(reason);
    expect(communicator.status()).toBeNull();
    await expect(communicator.close()).rejects.toThrow(reason);
  });

  it('refuses what no device can send', async () => {
    const queue = addon.createQueue({ maximumPending: 8 });
    const buffer = queue.allocate(8);
    const communicator = addon.createCommunicator({ mpi: [] });
    await expect(communicator.opened()).rejects.toThrow();
    const exchange = (name: string) => queue.exchange(communicator, name as 'allReduce', buffer, buffer, 0);
    expect(() => exchange('allReduce')).toThrow('the communicator is not open');
    expect(() => exchange('scatter')).toThrow('there is no collective "scatter"');
    expect(() => queue.exchange({} as typeof communicator, 'allReduce', buffer, buffer, 0)).toThrow(
      'must be a communicator',
    );
    expect(() => queue.record(() => exchange('allReduce'))).toThrow('a program holds ops only');
    await queue.close();
  });

  it('is not made of anything else', () => {
    const id = new Uint8Array(5);
    const nccl = { libraries: [], rank: 0, size: 2, id };
    expect(() => addon.createCommunicator({ nccl })).toThrow('knows no such way');
    expect(() => simtAddon().createCommunicator({ nccl })).toThrow('an id of NCCL has 128 bytes');
    expect(() => addon.ncclId([])).toThrow('has no CUDA');
    expect(() => simtAddon().ncclId(['libm.so.6'])).toThrow(
      'no NCCL can be used: libm.so.6: has no function ncclGetVersion',
    );
    expect(() => addon.createCommunicator(3 as never)).toThrow('needs { mpi } or { nccl }');
  });
});
