import { type ChildProcess, fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { reportTorture, tortureCases } from '../helpers/torture.js';
import { type HostileCase, writeCase } from './hostile/case.js';
import { hostileCases } from './hostile/cases.js';

const child = fileURLToPath(new URL('hostile/commands.child.mjs', import.meta.url));
const folder = temporaryFolder();
const seed = Number(process.env.POPE_TORTURE_SEED ?? 20_261_122);

/** Of processor time, which other processes do not change. */
const MAX_SECONDS = 5;
/** Of wall time: what takes longer has hung. */
const HUNG_SECONDS = 60;
const MAX_BYTES = 2 ** 30;

interface Outcome {
  exitCode: number;
  stderr: string;
  seconds: number;
  cpuSeconds: number;
  peakBytes: number;
  polluted: boolean;
}

it('hostile files: a named error each, in 5 s and 1 GiB', async () => {
  const count = tortureCases(1000);
  const problems: string[] = [];
  const codes = new Map<string, number>();
  let slowest = { seconds: 0, name: '' };
  let peak = { bytes: 0, name: '' };
  let process = start();
  let done = 0;
  for (const each of hostileCases(seed, count)) {
    const place = join(folder, `${done++}`);
    const argv = writeCase(each, place);
    const outcome = await run(process, argv);
    rmSync(place, { recursive: true });
    if (typeof outcome === 'string') {
      problems.push(`${each.name}: ${outcome}`);
      process = start();
      continue;
    }
    const problem = problemOf(each, outcome);
    if (problem !== null) problems.push(`${each.name}: ${problem}`);
    const code = /^pope: (\w+): /.exec(outcome.stderr)?.[1] ?? 'none';
    codes.set(code, (codes.get(code) ?? 0) + 1);
    if (outcome.cpuSeconds > slowest.seconds) slowest = { seconds: outcome.cpuSeconds, name: each.name };
    if (outcome.peakBytes > MAX_BYTES) {
      // Its high-water mark stays: a fresh process shows what the next one needs.
      process.kill();
      process = start();
    }
    if (outcome.peakBytes > peak.bytes) peak = { bytes: outcome.peakBytes, name: each.name };
  }
  process.kill();
  reportTorture(`hostile files, seed ${seed}: ${done - problems.length} of ${done} end in a named error`);
  console.log(Object.fromEntries(codes));
  reportTorture(
    `hostile files: slowest ${slowest.seconds.toFixed(2)} s of processor time (${slowest.name}), ` +
      `highest memory ${Math.round(peak.bytes / 2 ** 20)} MiB (${peak.name})`,
  );
  expect(problems).toEqual([]);
});

function problemOf(
  { codes }: HostileCase,
  { exitCode, stderr, cpuSeconds, peakBytes, polluted }: Outcome,
): string | null {
  const [, code, message] = /^pope: ([A-Z_]+): (.*)\n$/.exec(stderr) ?? [];
  if (exitCode === 0) return 'accepted';
  if (code === undefined || !codes.test(code)) return `expected ${codes}, got ${stderr.slice(0, 300)}`;
  if (message!.length < 20 || message!.length > 2100)
    return `a message of ${message!.length} characters: ${message!.slice(0, 200)}`;
  if (cpuSeconds > MAX_SECONDS) return `took ${cpuSeconds} s`;
  if (peakBytes > MAX_BYTES) return `took ${peakBytes} bytes`;
  return polluted ? 'polluted Object.prototype' : null;
}

function start(): ChildProcess {
  return fork(child, {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    env: { ...globalThis.process.env, POPE_THREADS: '2' },
  });
}

/** What came of a command line, or in words why nothing did. */
function run(process: ChildProcess, argv: readonly string[]): Promise<Outcome | string> {
  return new Promise((resolve) => {
    let printed = '';
    const listen = (chunk: Buffer) => {
      printed = (printed + chunk).slice(-500);
    };
    const end = (result: Outcome | string) => {
      clearTimeout(timer);
      process.stderr!.off('data', listen);
      process.removeAllListeners('message').removeAllListeners('exit');
      resolve(result);
    };
    const timer = setTimeout(() => {
      end('hung');
      process.kill('SIGKILL');
    }, HUNG_SECONDS * 1000);
    process.stderr!.on('data', listen);
    process.once('message', (outcome) => end(outcome as Outcome));
    process.once('exit', (code, signal) => end(`ended the process with ${code ?? signal}: ${printed}`));
    process.send([...argv]);
  });
}
