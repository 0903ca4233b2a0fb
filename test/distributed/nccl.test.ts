import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeNccl } from '../helpers/fake-nccl.js';
import { launchers, runRanks, runRanksWithoutMpi } from '../helpers/ranks.js';
import { simtBinary } from '../helpers/simt-addon.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const patient = { timeout: 120_000 };
const folder = temporaryFolder();
const compiled = fakeNccl(folder);
const library = compiled?.library ?? '';

const env = { DEVICE: 'cuda', POPE_NATIVE_PATH: simtBinary, POPE_NCCL: library };
/** Two ranks that meet at a new file. */
const runOverFile = (part: string, name: string, more: Record<string, string> = {}) =>
  runRanksWithoutMpi(part, { ...env, POPE_RENDEZVOUS_FILE: join(folder, name), FAKE_NCCL_LOG: log(name), ...more });
const log = (name: string) => join(folder, `${name}.log`);
const calls = (name: string) => readFileSync(log(name), 'utf8').trim().split('\n');

// What goes over the wire here is a file; order, counts, types, errors and ends are those that a real NCCL would get.
describe.skipIf(compiled === null)('ranks over NCCL, on the host in place of GPUs', () => {
  it('compiles the library', () => expect(compiled?.messages).toBe(''));

  it('get what the others gave, by every method', patient, async () => {
    const { ranks, status, stderr } = await runOverFile('collectives', 'collectives');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(ranks).toEqual([0, 1].map((rank) => ({ rank, size: 2, library: `NCCL 2.27.3 (${library})`, ok: true })));
    const [float32, bytes, sum, last] = [7, 1, 0, 1];
    expect(calls('collectives')).toEqual([
      'ncclCommInitRank 2 0 0',
      `ncclAllReduce 1050001 ${float32} ${sum}`,
      `ncclAllReduce 1050001 ${float32} ${sum}`,
      `ncclReduceScatter 1050001 ${float32} ${sum}`,
      `ncclAllGather 1050001 ${float32} 0`,
      `ncclBroadcast 1050001 ${float32} ${last}`,
      `ncclAllGather 8 ${bytes} 0`,
      `ncclAllGather 16 ${bytes} 0`,
      `ncclAllGather 8 ${bytes} 0`,
      'ncclCommDestroy 0 0 0',
    ]);
    expect(existsSync(join(folder, 'collectives'))).toBe(false);
  });

  it.skipIf(launchers.length === 0)(
    'find each other over MPI, which carries the numbers of the host',
    patient,
    async () => {
      const { ranks, status } = await runRanks(launchers[0]!, 'collectives', { ...env, FAKE_NCCL_LOG: log('mpi') });
      expect(status).toBe(0);
      expect(ranks.map(({ ok }) => ok)).toEqual([true, true]);
      expect(calls('mpi')).toHaveLength(7);
    },
  );

  it('see NaN where another rank has failed, and that rank its error', patient, async () => {
    const { ranks } = await runOverFile('failure', 'failure');
    expect(ranks.map(({ values }) => values)).toEqual(['NaN,NaN', 'OUT_OF_RANGE']);
  });

  it('abort the communicator when NCCL says that it failed, at once or on the way', patient, async () => {
    const atOnce = await runOverFile('sum', 'at-once', { FAKE_NCCL_FAIL: 'ncclAllReduce' });
    expect(atOnce.stderr).toContain(
      'all-reduce of 2 floats, call 1 of rank 0 of 2: ncclAllReduce failed: internal error',
    );
    expect(calls('at-once').slice(-2)).toEqual(['ncclAllReduce 2 7 0', 'ncclCommAbort 0 0 0']);
    const onTheWay = await runOverFile('sum', 'on-the-way', { FAKE_NCCL_ASYNC: '6', PATIENCE: '5' });
    expect(onTheWay.stderr).toContain('ncclAllReduce failed: remote process exited');
    expect(calls('on-the-way').slice(-2)).toEqual(['ncclAllReduce 2 7 0', 'ncclCommAbort 0 0 0']);
    for (const { ranks, status } of [atOnce, onTheWay]) {
      expect(ranks.map(({ rank }) => rank)).not.toContain(0);
      expect(status).not.toBe(0);
    }
  });

  it('are aborted when a call does not get on', patient, async () => {
    const { ranks, status, stderr } = await runOverFile('sum', 'stuck', { FAKE_NCCL_ASYNC: '7', PATIENCE: '1' });
    expect(stderr).toContain('pope: rank 0 of 2: all-reduce of 2 floats, call 1, has not got on for 1 s');
    expect(status).toBe('SIGKILL');
    expect(ranks.map(({ rank }) => rank)).not.toContain(0);
    expect(calls('stuck').slice(-1)).toEqual(['ncclCommAbort 0 0 0']);
  });

  it('are refused with a library that is too old, or none', patient, async () => {
    const old = await runOverFile('sum', 'old', { FAKE_NCCL_VERSION: '2808', PATIENCE: '1' });
    expect(old.stderr).toContain('is of version code 2808, older than 2.10');
    const none = await runOverFile('sum', 'none', { POPE_NCCL: '/nowhere/libnccl.so.2', PATIENCE: '1' });
    expect(none.stderr).toContain('NCCL_UNAVAILABLE');
    for (const { ranks } of [old, none]) expect(ranks).toEqual([]);
  });
});
