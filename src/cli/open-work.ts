import { UsageError } from '../errors.js';
import type { Context, OpenWork } from './command.js';
import { COMMANDS } from './commands.js';

/**
 * What a command line after `--` would do, in shards.
 *
 * @param place of the shards
 * @throws UsageError SHARD_COMMAND
 */
export async function openWork(
  [name = 'nothing', ...argv]: readonly string[],
  place: string,
  context: Context,
): Promise<OpenWork> {
  const command = await COMMANDS.find((each) => each.name === name)?.load();
  if (command?.openWork) return command.openWork(name, [...argv, '-o', place], context);
  throw new UsageError(
    'SHARD_COMMAND',
    `expected, after --, the command of the shards: score, generate or metrics, got ${name}`,
  );
}
