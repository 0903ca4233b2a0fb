import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { OutputLock } from '../../src/files/lock.js';
import { thisOwner } from '../../src/files/owner.js';
import { finished, startNode } from '../cli/run-cli.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const child = fileURLToPath(new URL('lock.child.mjs', import.meta.url));

/** A process that wants the lock, and the first that it says. */
async function contender(file: string): Promise<{ process: ChildProcess; said: string }> {
  const process = startNode([child, file]);
  const [said] = await once(process.stdout!.setEncoding('utf8'), 'data');
  return { process, said: (said as string).trim() };
}

async function kill(process: ChildProcess): Promise<void> {
  process.kill('SIGKILL');
  await finished(process);
}

it('names the process that writes, until that one ends', async () => {
  const file = folder.path('scores.jsonl');
  const { process: owner, said } = await contender(file);
  expect(said).toBe('held');
  expect(JSON.parse(readFileSync(`${file}.lock`, 'utf8'))).toMatchObject({ pid: owner.pid, host: hostname() });
  await expect(OutputLock.ofFile(file)).rejects.toMatchObject({
    code: 'OUTPUT_LOCKED',
    message: `${file}: process ${owner.pid} on ${hostname()} (a program of your own) is writing there; wait for its end or stop it, or write to another place`,
  });
  owner.stdin!.end();
  await finished(owner);
  const lock = await OutputLock.ofFile(file);
  await expect(OutputLock.ofFile(file)).rejects.toMatchObject({ code: 'OUTPUT_LOCKED' });
  await lock.release();
  expect(readdirSync(folder.path('.'))).toEqual([]);
});

it('takes over from a process that was killed, with what it left half written', async () => {
  const file = folder.path('log.jsonl');
  const { process } = await contender(file);
  await kill(process);
  expect(existsSync(`${file}.lock`)).toBe(true);
  for (const name of ['.log.jsonl.1.abcd.tmp', '.other.jsonl.1.abcd.tmp']) await folder.write(name, 'half');
  const lock = await OutputLock.ofFile(file);
  expect(readdirSync(folder.path('.')).sort()).toEqual(['.other.jsonl.1.abcd.tmp', 'log.jsonl.lock']);
  await lock.release();
});

it('takes over from a process whose pid another one has now', async () => {
  const file = folder.path('log.jsonl');
  writeFileSync(`${file}.lock`, JSON.stringify({ ...thisOwner(), started: '1' }));
  await (await OutputLock.ofFile(file)).release();
  expect(readdirSync(folder.path('.'))).toEqual([]);
});

it.each([
  ['another machine', { host: 'elsewhere' }, /process \d+ on elsewhere .* delete \S+log\.jsonl\.lock if it/],
  ['another container', { namespace: 'pid:[1]' }, /it cannot be seen from here/],
])('leaves the lock of %s', async (_, other, message) => {
  const file = folder.path('log.jsonl');
  writeFileSync(`${file}.lock`, JSON.stringify({ ...thisOwner(), pid: 2 ** 22, ...other }));
  await expect(OutputLock.ofFile(file)).rejects.toThrow(message);
});

it('leaves a lock that it cannot read', async () => {
  const file = await folder.write('log.jsonl.lock', '');
  await expect(OutputLock.ofFile(folder.path('log.jsonl'))).rejects.toThrow(
    `another process is writing there; it cannot be seen from here: wait for its end, or delete ${file}`,
  );
});

it('goes to one of many that find a dead process in its place', async () => {
  const file = folder.path('log.jsonl');
  const { process } = await contender(file);
  await kill(process);
  const all = await Promise.all(Array.from({ length: 6 }, () => contender(file)));
  expect(all.map(({ said }) => said.split(':')[0]).sort()).toEqual([...Array(5).fill('OUTPUT_LOCKED'), 'held']);
  for (const each of all) each.process.stdin!.end();
  await Promise.all(all.map((each) => (each.process.exitCode === null ? once(each.process, 'close') : null)));
  expect(readdirSync(folder.path('.'))).toEqual([]);
});

it('of a folder makes it, and takes it away where nothing was written', async () => {
  const path = folder.path('a/b');
  const lock = await OutputLock.ofFolder(path);
  expect(readdirSync(path)).toEqual(['.lock']);
  await lock.release();
  expect(existsSync(folder.path('a'))).toBe(false);
  const other = await OutputLock.ofFolder(path);
  await folder.write('a/b/result', '');
  await other.release();
  expect(readdirSync(join(path))).toEqual(['result']);
});
