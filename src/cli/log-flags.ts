import { LoggedDataset } from '../data/dataset.js';
import { DEFAULT_SPLIT_RATIO, DEFAULT_SPLIT_SEED, parseSplit, parseSplitRatio } from '../data/split.js';
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
export function openLog(path: string, settings: Omit<LogSettings, 'split'> & Partial<LogSettings>, context: Context) {
  const { split, splitRatio, splitSeed, skipInvalid } = settings;
  return LoggedDataset.open(path, { split, splitRatio, splitSeed, skipInvalid, signal: context.signal });
}

/** Says what `--skip-invalid` left out, once a log has been read to its end. */
export function saySkipped(log: LoggedDataset, { terminal }: Context): void {
  const { counts } = log;
  if (counts === null || counts.skipped === 0) return;
  terminal.say(`pope: skipped ${counts.skipped} invalid lines; they are in ${counts.invalidFiles.join(', ')}`);
}
