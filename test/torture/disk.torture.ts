/** Disks that are full, broken, unreadable or read-only, and clocks that jump (faults.c): each is said, nothing half stays, and the same command goes on. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { canInjectFaults, faultsLibrary } from '../helpers/faults.js';
import { reportTorture } from '../helpers/torture.js';
import { type Command, runCommand, tinyCommands } from './commands.js';
import { scratchFolder } from './scratch.js';
import { FinishedRun } from './tree.js';

const IS_QUICK = process.env.POPE_TORTURE_QUICK === '1';
/** Bytes that the disk takes, and how many syncs and renames go well, before the fault; the first are over before much was written. */
const BYTES = IS_QUICK ? [1_000] : [0, 1_000, 20_000, 150_000, 400_000];
const CALLS = IS_QUICK ? [2] : [1, 2, 5, 11, 30];
/** How many reads go well; of inputs, and of what an earlier part of the run has left. */
const READS = IS_QUICK ? [4] : [1, 2, 4, 8, 16, 40, 100];
/** What says which file cannot be read. */
const READ_CODES = /^(UNREADABLE_FILE|[A-Z]+_UNREADABLE|STUDY_CONFIG)$/;
/** Seconds. */
const JUMP = 40 * 86_400;

const folder = scratchFolder();
let library: ReturnType<typeof faultsLibrary>;
let commands: Command[];
beforeAll(async () => {
  if (!canInjectFaults) return reportTorture('faults of disks and clocks: left out, there is no cc, or no LD_PRELOAD');
  library = faultsLibrary(folder);
  const all = await tinyCommands(folder);
  commands = IS_QUICK ? all.filter(({ name }) => ['import', 'score', 'align'].includes(name)) : all;
});

it.runIf(canInjectFaults)('a fault of the disk or the clock costs nothing but the run', async () => {
  const counts = { faults: 0, untouched: 0, codes: {} as Record<string, number> };
  for (const command of commands) {
    const place = join(folder, command.name);
    const output = join(place, 'out');
    const inFolder = async <T>(work: () => Promise<T>): Promise<T> => {
      mkdirSync(place);
      try {
        return await work();
      } finally {
        rmSync(place, { recursive: true });
      }
    };
    const faulty = (fault: Record<string, string>) =>
      runCommand(command, output, { environment: { ...library, FAULT_ROOT: place, ...fault } });
    const alone = await inFolder(async () => {
      const { stdout } = await runCommand(command, output);
      return { made: new FinishedRun(command, place), stdout };
    });
    const expectDone = ({ code, stdout, stderr }: Awaited<ReturnType<typeof faulty>>) => {
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toBe(alone.stdout);
      alone.made.expectSame(place);
    };
    const faults: Record<string, string>[] = [
      ...BYTES.map((bytes) => ({ FAULT_BYTES: `${bytes}` })),
      ...CALLS.flatMap((call) => ['SYNC', 'RENAME', 'WRITE'].map((name) => ({ [`FAULT_${name}`]: `${call}` }))),
      ...READS.map((call) => ({ FAULT_READ: `${call}`, FAULT_ROOT: folder })),
      { FAULT_READONLY: '1' },
    ];
    for (const fault of faults) {
      await inFolder(async () => {
        const outcome = await faulty(fault);
        if (outcome.code === 0) {
          // It wrote, synced or renamed less than that.
          counts.untouched++;
          return expectDone(outcome);
        }
        const [, code] = /^pope: ([A-Z_]+): .*(?:ENOSPC|EIO|EROFS|mkdir)/m.exec(outcome.stderr) ?? [];
        const expected = 'FAULT_READ' in fault ? READ_CODES : /^(WRITE_FAILED|OUTPUT_NOT_WRITABLE)$/;
        expect(code ?? '', `${command.name} ${JSON.stringify(fault)}: ${outcome.stderr}`).toMatch(expected);
        counts.faults++;
        counts.codes[code!] = (counts.codes[code!] ?? 0) + 1;
        await alone.made.expectNothingPartial(place);
        expectDone(await runCommand(command, output));
      });
    }
    await inFolder(async () => expectDone(await faulty({ FAULT_CLOCK: `${JUMP}` })));
    console.log(`disk: ${command.name}: ${counts.faults} faults so far`);
  }
  reportTorture(
    `disk: ${counts.faults} faults named and recovered from, ${counts.untouched} runs that were over before: ` +
      JSON.stringify(counts.codes),
  );
  reportTorture(`clock: ${commands.length} commands under a clock that jumps by 40 days: same results`);
  expect(counts.faults).toBeGreaterThan(3 * (commands.length - 1));
});
