import { readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError, UnavailableError, UsageError } from '../errors.js';
import type { Launch } from './launcher.js';

/** Where ranks meet that have no MPI to find each other. */
export type MeetingPlace = { file: string } | { host: string; port: number };

const greeting = (launch: Launch) => `pope rank ${launch.rank} of ${launch.size}\n`;
const pause = 100;

/**
 * `POPE_RENDEZVOUS_FILE`, a path that all ranks see and that nothing is at yet, else `MASTER_ADDR` and `MASTER_PORT`. The agent
 * of torchrun listens on that port itself; then it is the next one.
 *
 * @throws UsageError `LAUNCHER` when neither is set
 */
export function meetingPlace(env: Readonly<Record<string, string | undefined>> = process.env): MeetingPlace {
  if (env.POPE_RENDEZVOUS_FILE) return { file: env.POPE_RENDEZVOUS_FILE };
  const port = Number(env.MASTER_PORT) + (env.TORCHELASTIC_USE_AGENT_STORE === 'True' ? 1 : 0);
  if (env.MASTER_ADDR && port >= 1 && port <= 65_535) return { host: env.MASTER_ADDR, port };
  throw new UsageError(
    'LAUNCHER',
    'ranks that mpirun has not started need a place to meet: set MASTER_ADDR and MASTER_PORT to the machine of rank 0 and a ' +
      'free port of it, or POPE_RENDEZVOUS_FILE to a new file in a folder that all of them see',
  );
}

/**
 * Gives every rank the bytes that rank 0 has.
 *
 * @param made the bytes in rank 0, null in the others
 * @param patience seconds in which all ranks have to come
 * @throws UnavailableError `RENDEZVOUS`
 */
export async function share(
  made: Uint8Array | null,
  { launch, place, bytes, patience }: { launch: Launch; place: MeetingPlace; bytes: number; patience: number },
): Promise<Uint8Array> {
  const deadline = performance.now() + patience * 1000;
  if ('file' in place) return made ? writeNew(place.file, made) : poll(place.file, bytes, deadline);
  return made ? serve(made, launch, place.port, patience) : ask(launch, place, bytes, deadline);
}

/** The last rank to be told has the bytes; then the file may go. */
export async function leave(place: MeetingPlace, launch: Launch): Promise<void> {
  if ('file' in place && launch.rank === 0) await rm(place.file, { force: true });
}

async function writeNew(file: string, made: Uint8Array): Promise<Uint8Array> {
  try {
    await writeFile(file, made, { flag: 'wx' });
  } catch (error) {
    throw failure(`rank 0 cannot write ${file} (${describeError(error)}); it must be new for every run`);
  }
  return made;
}

async function poll(file: string, bytes: number, deadline: number): Promise<Uint8Array> {
  for (;;) {
    const found = await readFile(file).catch(() => null);
    // Shorter while rank 0 writes it.
    if (found?.length === bytes) return new Uint8Array(found);
    if (performance.now() > deadline) throw failure(`rank 0 has not written ${file}`);
    await sleep(pause);
  }
}

function serve(made: Uint8Array, launch: Launch, port: number, patience: number): Promise<Uint8Array> {
  const missing = new Set(Array.from({ length: launch.size - 1 }, (_, i) => i + 1));
  if (missing.size === 0) return Promise.resolve(made);
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      let said = '';
      socket.setEncoding('latin1').on('error', () => {});
      socket.on('data', (text: string) => {
        said = (said + text).slice(0, 100);
        const rank = [...missing].find((rank) => said === greeting({ ...launch, rank }));
        if (rank === undefined) return;
        socket.end(made, () => {
          missing.delete(rank);
          if (missing.size === 0) finish(() => resolve(made));
        });
      });
    });
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      server.close();
      settle();
    };
    const timer = setTimeout(() => {
      finish(() => reject(failure(`within ${patience} s, nothing was heard of the ranks ${[...missing].join(', ')}`)));
    }, patience * 1000);
    server.on('error', (error) => {
      finish(() => reject(failure(`rank 0 cannot listen on port ${port} (${describeError(error)})`)));
    });
    server.listen(port);
  });
}

/** Rank 0 may be later. */
async function ask(
  launch: Launch,
  { host, port }: { host: string; port: number },
  bytes: number,
  deadline: number,
): Promise<Uint8Array> {
  for (;;) {
    const found = await answer(connect(port, host), greeting(launch));
    if (found.length === bytes) return found;
    if (performance.now() > deadline) throw failure(`rank 0 does not answer at ${host}:${port}`);
    await sleep(pause);
  }
}

/** What the other side says until it hangs up; nothing where there is none. */
function answer(socket: Socket, question: string): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    socket.setTimeout(5000, () => socket.destroy());
    socket.on('data', (part: Buffer) => parts.push(part)).on('error', () => {});
    socket.on('close', () => resolve(new Uint8Array(Buffer.concat(parts))));
    socket.write(question);
  });
}

function failure(what: string): UnavailableError {
  return new UnavailableError(
    'RENDEZVOUS',
    `the ranks do not find each other: ${what}. See that all are started, with the same place to meet`,
  );
}
