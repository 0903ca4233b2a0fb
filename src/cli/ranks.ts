import type { Communicator } from '../distributed/communicator.js';
import { chooseGpu, detectLaunch, type Launch } from '../distributed/launcher.js';
import { openCommunicator } from '../distributed/open.js';
import { isOfAllRanks } from '../distributed/ranks.js';
import { describeError, PopeError, UsageError } from '../errors.js';
import type { Device } from '../tensor/device.js';
import type { Context } from './command.js';
import { defaulted, oneOf, onOff } from './flags.js';
import type { Settings } from './settings.js';

/** Flags of a command whose work ranks can share. */
export const RANK_FLAGS = {
  distributed: onOff('--distributed', 'share the work with the other ranks that mpirun, srun or torchrun has started'),
  zero: defaulted(
    '--zero <stage>',
    'with --distributed: 0, or 1 to spread the moments of the optimizer over the ranks',
    oneOf('0', '1'),
    '0',
  ),
};

/**
 * How this process was started, where it is to share the work; null where it works alone. A rank on a GPU sees only its own
 * from here on.
 *
 * @throws UsageError NOT_DISTRIBUTED for one of several ranks that was not told to share; LAUNCHER without a launcher; OPTION
 */
export function launchOf({ distributed, zero }: Settings<typeof RANK_FLAGS>): Launch | null {
  const launch = detectLaunch();
  if (!distributed) {
    if (zero === '1')
      throw new UsageError('OPTION', '--zero 1: there is nobody to share moments with; add --distributed');
    if (launch === null || launch.size === 1) return null;
    throw new UsageError(
      'NOT_DISTRIBUTED',
      `${launch.launcher} has started ${launch.size} of this process, and each would do the whole; add --distributed, or start one`,
    );
  }
  if (launch === null) {
    const how = 'start the ranks with mpirun -n 2 pope ..., srun or torchrun';
    throw new UsageError('LAUNCHER', `--distributed: no launcher has started this process; ${how}`);
  }
  chooseGpu(launch);
  return launch;
}

/** Of several ranks only the first one speaks. */
export function speaks(launch: Launch | null): boolean {
  return launch === null || launch.rank === 0;
}

/** What a command that is one of several ranks says. */
export function contextOf(launch: Launch | null, context: Context): Context {
  return speaks(launch) ? context : { ...context, terminal: context.terminal.silenced() };
}

/**
 * Does work with the other ranks, if there are any. An error that is not of all of them ends them all, by force: they may be
 * waiting for this one.
 */
export async function withRanks<T>(
  launch: Launch | null,
  device: Device,
  work: (communicator: Communicator | undefined) => Promise<T>,
): Promise<T> {
  if (launch === null) return work(undefined);
  const communicator = await openCommunicator(device, launch);
  try {
    return await work(communicator);
  } catch (error) {
    if (!isOfAllRanks(error))
      communicator.abort(`${error instanceof PopeError ? error.code : 'INTERNAL'}: ${describeError(error)}`);
    throw error;
  } finally {
    await communicator.close();
  }
}
