import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Launch } from '../../src/distributed/launcher.js';
import { leave, type MeetingPlace, meetingPlace, share } from '../../src/distributed/rendezvous.js';
import { freePort } from '../helpers/free-port.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
const id = Uint8Array.from({ length: 128 }, (_, i) => 255 - i);
const launch = (rank: number, size = 3): Launch => ({ launcher: 'a test', rank, size, localRank: rank, mpi: [] });

const join3 = (place: MeetingPlace, patience = 20) =>
  [2, 1, 0].map((rank) => share(rank === 0 ? id : null, { launch: launch(rank), place, bytes: 128, patience }));

describe('the place where ranks meet', () => {
  it('is a file, an address, or the port beside the one that an agent listens on', () => {
    const address = { MASTER_ADDR: 'node1', MASTER_PORT: '29500' };
    expect(meetingPlace(address)).toEqual({ host: 'node1', port: 29500 });
    expect(meetingPlace({ ...address, TORCHELASTIC_USE_AGENT_STORE: 'True' })).toEqual({ host: 'node1', port: 29501 });
    expect(meetingPlace({ ...address, POPE_RENDEZVOUS_FILE: '/shared/run7' })).toEqual({ file: '/shared/run7' });
    expect(() => meetingPlace({ MASTER_ADDR: 'node1' })).toThrow(
      'need a place to meet: set MASTER_ADDR and MASTER_PORT',
    );
  });

  it('gives all ranks what rank 0 has, over TCP, to ranks that are early and past strangers', async () => {
    const port = await freePort();
    const ranks = join3({ host: '127.0.0.1', port });
    const stranger = connect(port, '127.0.0.1').on('error', () => {});
    stranger.write('GET / HTTP/1.1\r\n\r\n');
    expect(await Promise.all(ranks)).toEqual([id, id, id]);
    stranger.destroy();
  });

  it('gives them the same by a file, which goes when all have come', async () => {
    const place = { file: join(folder, 'shared') };
    expect(await Promise.all(join3(place))).toEqual([id, id, id]);
    await leave(place, launch(1));
    expect(existsSync(place.file)).toBe(true);
    await leave(place, launch(0));
    expect(existsSync(place.file)).toBe(false);
  });

  it('names the ranks that have not come', async () => {
    const place = { host: '127.0.0.1', port: await freePort() };
    const zero = share(id, { launch: launch(0), place, bytes: 128, patience: 1 });
    const one = share(null, { launch: launch(1), place, bytes: 128, patience: 1 });
    await expect(zero).rejects.toMatchObject({
      code: 'RENDEZVOUS',
      message: expect.stringContaining('heard of the ranks 2.'),
    });
    expect(await one).toEqual(id);
  });

  it('is refused where rank 0 does not come, or the file is of another run', async () => {
    const file = join(folder, 'stale');
    const address = { host: '127.0.0.1', port: await freePort() };
    await expect(share(null, { launch: launch(1), place: address, bytes: 128, patience: 0.2 })).rejects.toThrow(
      'rank 0 does not answer at 127.0.0.1:',
    );
    await expect(share(null, { launch: launch(1), place: { file }, bytes: 128, patience: 0.2 })).rejects.toThrow(
      'has not written',
    );
    writeFileSync(file, id);
    await expect(share(id, { launch: launch(0), place: { file }, bytes: 128, patience: 1 })).rejects.toThrow(
      'must be new for every run',
    );
  });
});
