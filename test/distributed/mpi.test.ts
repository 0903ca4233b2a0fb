import { describe, expect, it } from 'vitest';
import { openCommunicator } from '../../src/distributed/open.js';
import { Device } from '../../src/tensor/device.js';
import { launchers, runRanks } from '../helpers/ranks.js';

/** Of the machine that is busy with other tests; a run takes about a second at rest. */
const patient = { timeout: 120_000 };

describe.each(launchers)('ranks under $mpirun, the same binary', (launcher) => {
  it('get what the others gave, by every method', patient, async () => {
    const { ranks, status, stderr } = await runRanks(launcher, 'collectives');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const library = expect.stringContaining(launcher.library);
    expect(ranks).toEqual([0, 1].map((rank) => ({ rank, size: 2, library, ok: true })));
  });

  it('see NaN where another rank has failed, and that rank its error', patient, async () => {
    const { ranks, status, stderr } = await runRanks(launcher, 'failure');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(ranks.map(({ values }) => values)).toEqual(['NaN,NaN', 'OUT_OF_RANGE']);
  });

  it('are aborted when one of them hangs, and told where', patient, async () => {
    const { ranks, status, stderr } = await runRanks(launcher, 'hang', { PATIENCE: '1' });
    expect(stderr).toContain('pope: rank 0 of 2: gather, call 1, has not got on for 1 s: another rank hangs');
    expect(ranks).toEqual([]);
    expect(status).not.toBe(0);
  });

  it('do not come to the orderly end when one of them leaves', patient, async () => {
    expect((await runRanks(launcher, 'leave', { PATIENCE: '5' })).ranks).toEqual([]);
  });

  it('can exit while a call waits for another rank', patient, async () => {
    const begun = performance.now();
    const { ranks, status } = await runRanks(launcher, 'exit');
    expect(ranks).toEqual([]);
    expect(status).not.toBe(0);
    expect(performance.now() - begun).toBeLessThan(50_000);
  });

  it('end together when one of them throws', patient, async () => {
    const { ranks, status, stderr } = await runRanks(launcher, 'throw', { PATIENCE: '60' });
    expect(ranks).toEqual([]);
    expect(status).not.toBe(0);
    expect(stderr).toContain('of rank 0');
    expect(stderr).not.toContain('has not got on');
  });

  it('are refused with the library of another launcher', patient, async () => {
    for (const { library } of launchers.filter((other) => other !== launcher)) {
      const { ranks, status, stderr } = await runRanks(launcher, 'collectives', { POPE_MPI: library });
      expect(ranks).toEqual([]);
      expect(status).not.toBe(0);
      expect(stderr).toMatch(/LAUNCHER_MISMATCH|MPI_UNAVAILABLE/);
    }
  });
});

describe('openCommunicator', () => {
  const launch = { launcher: 'a launcher', rank: 0, size: 2, localRank: 0 };

  it('says which libraries are not there, and what launcher brings none', async () => {
    const device = Device.open('cpu');
    await expect(openCommunicator(device, { ...launch, mpi: ['libnothing.so.1'] })).rejects.toMatchObject({
      code: 'MPI_UNAVAILABLE',
      message: expect.stringMatching(
        /no MPI library can be used: libnothing\.so\.1: .*started by a launcher; set POPE_MPI/,
      ),
    });
    await expect(openCommunicator(device, { ...launch, mpi: [] })).rejects.toMatchObject({ code: 'LAUNCHER' });
    await device.close();
  });
});
