/** Commands that are ended by a signal at any moment: nothing half under a final name, and the same command ends as if it had not been. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { finished, startNode } from '../cli/run-cli.js';
import { draws, reportTorture, tortureCases } from '../helpers/torture.js';
import { type Command, runCommand, tinyCommands } from './commands.js';
import { scratchFolder } from './scratch.js';
import { FinishedRun } from './tree.js';

const KILLS = tortureCases(200);
const SIGNALS = ['SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGINT'] as const;
const SEED = 11;

const folder = scratchFolder();
let commands: Command[];
beforeAll(async () => {
  commands = await tinyCommands(folder);
});

/** A command that was left alone: what it made, what it printed, and how long it took (ms). */
async function leaveAlone(command: Command) {
  const place = mkdtempSync(join(folder, `${command.name}-`));
  const started = performance.now();
  const { code, stdout, stderr } = await runCommand(command, join(place, 'out'));
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return {
    made: new FinishedRun(command, place),
    stdout: stdout.replaceAll(place, 'FOLDER'),
    duration: performance.now() - started,
  };
}

it(`${KILLS} runs that are ended at random moments go on to the same results`, async () => {
  const draw = draws(SEED);
  const weights = commands.reduce((sum, { weight }) => sum + weight, 0);
  const counts: Record<string, { kills: number; resumes: number }> = {};
  let left = KILLS;
  for (const [i, command] of commands.entries()) {
    const share = i === commands.length - 1 ? left : Math.min(left, Math.round((KILLS * command.weight) / weights));
    left -= share;
    const alone = await leaveAlone(command);
    const count = { kills: 0, resumes: 0 };
    counts[command.name] = count;
    while (count.kills < share) {
      const place = join(folder, `${command.name}-killed`);
      mkdirSync(place);
      // Some are killed while they resume, too.
      for (let again = true; again && count.kills < share; again = draw() < 0.5) {
        const child = startNode(command.argv(join(place, 'out')));
        const ended = finished(child);
        await Promise.race([ended, sleep(alone.duration * draw())]);
        const signal = SIGNALS[Math.floor(draw() * SIGNALS.length)]!;
        child.kill(signal);
        const outcome = await ended;
        // It may have been done before, or stopped by itself as it was asked to.
        if (outcome.code === 0) break;
        expect(outcome.signal ?? outcome.code, outcome.stderr).toBe(outcome.signal === null ? 130 : signal);
        count.kills++;
        await alone.made.expectNothingPartial(place);
      }
      const { code, stdout, stderr } = await runCommand(command, join(place, 'out'));
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout.replaceAll(place, 'FOLDER')).toBe(alone.stdout);
      alone.made.expectSame(place);
      count.resumes++;
      rmSync(place, { recursive: true });
    }
    reportTorture(
      `kills: ${command.name}: ${count.kills} runs ended by a signal, ${count.resumes} outputs resumed to the same result`,
    );
  }
  const total = (field: 'kills' | 'resumes') => Object.values(counts).reduce((sum, each) => sum + each[field], 0);
  reportTorture(`kills: ${total('kills')} in all, ${total('resumes')} outputs compared`);
  expect(total('kills')).toBe(KILLS);
});
