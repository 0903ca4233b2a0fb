import { type DatasetProgress, type LocatedSlate, LoggedDataset } from '../data/dataset.js';
import type { LinePlace } from '../data/lines.js';
import type { Slate } from '../data/slate.js';
import { DEFAULT_SPLIT_RATIO, DEFAULT_SPLIT_SEED, parseSplit, parseSplitRatio, splitOf } from '../data/split.js';
import type { WorkDescription } from '../shards/manifest.js';
import type { Context } from './command.js';
import { defaulted, onOff, optional, wholeNumber } from './flags.js';
import type { Settings } from './settings.js';

/** Flags of every command that reads a log. */
export const LOG_FLAGS = {
  split: optional('--split <name>', 'only the queries of one split: train, validation or test', parseSplit),
  splitRatio: defaulted(
    '--split-ratio <shares>',
    'shares of train, validation and test',
    parseSplitRatio,
    DEFAULT_SPLIT_RATIO,
  ),
  splitSeed: defaulted('--split-seed <n>', 'seed of the split', wholeNumber, DEFAULT_SPLIT_SEED),
  skipInvalid: onOff('--skip-invalid', 'go on after bad lines: count them and write them to LOG.invalid.jsonl'),
};

export type LogSettings = Settings<typeof LOG_FLAGS>;

/** Opens a log as the flags say; `-` is standard input. */
export function openLog(
  path: string,
  settings: Omit<LogSettings, 'split'> & Partial<LogSettings>,
  { signal }: Context,
  onProgress?: (progress: DatasetProgress) => void,
) {
  const { split, splitRatio, splitSeed, skipInvalid } = settings;
  return LoggedDataset.open(path, { split, splitRatio, splitSeed, skipInvalid, signal, onProgress });
}

export type ChosenSplit = ReturnType<typeof chosenSplit>;

/** The chosen split of a log that is read whole, because the output keeps what it has of the other splits. */
export function chosenSplit(
  log: LoggedDataset,
  { split, splitRatio, splitSeed }: Pick<LogSettings, 'split' | 'splitRatio' | 'splitSeed'>,
) {
  const includes = ({ id }: Slate) => split === undefined || splitOf(id, splitRatio, splitSeed) === split;
  async function* located(from: LinePlace | null = null): AsyncGenerator<LocatedSlate> {
    for await (const each of log.located(from)) if (includes(each.slate)) yield each;
  }
  async function* slates(from: LinePlace | null = null): AsyncGenerator<Slate> {
    for await (const { slate } of located(from)) yield slate;
  }
  /** Number of queries, by a pass of its own; undefined where nobody watches the progress that it is for. */
  async function count({ terminal }: Context): Promise<number | undefined> {
    if (!terminal.drawsProgress) return undefined;
    let queries = 0;
    for await (const _ of slates()) queries++;
    return queries;
  }
  return { includes, located, slates, count };
}

/** What says which queries there are: of sharded work, the same for all shards. */
export async function describeLog(
  log: LoggedDataset,
  settings: LogSettings & { batchTokens?: number | undefined },
): Promise<{ log: string; plan: WorkDescription['plan'] }> {
  const { batchTokens = null, split = null, splitRatio, splitSeed, skipInvalid } = settings;
  return { log: await log.sha256(), plan: { batchTokens, split, splitRatio: [...splitRatio], splitSeed, skipInvalid } };
}

/** Says what `--skip-invalid` left out, once a log has been read to its end. */
export function saySkipped(log: LoggedDataset, { terminal }: Context): void {
  const { counts } = log;
  if (counts === null || counts.skipped === 0) return;
  terminal.say(`pope: skipped ${counts.skipped} invalid lines; they are in ${counts.invalidFiles.join(', ')}`);
}
