import type { Context } from '../command.js';
import { outputFile, required } from '../flags.js';
import type { Flags, Settings } from '../settings.js';

/** Flags of every export. */
export const EXPORT_FLAGS = {
  output: required(
    '-o, --output <file>',
    'file to write: .jsonl, .jsonl.gz or .parquet; .html or .csv of a rating sheet',
    outputFile,
  ),
};

/** One kind of `pope export`, with flags of its own. */
export interface ExportKind {
  readonly name: string;
  readonly summary: string;
  readonly flags: Flags;
  run(path: string, settings: Readonly<Record<string, unknown>>, context: Context): Promise<void>;
}

/** A kind ready for the command, with the types of its flags closed over. */
export function defineExport<F extends Flags>(kind: {
  name: string;
  summary: string;
  flags: F;
  run(path: string, settings: Settings<F & typeof EXPORT_FLAGS> & { seed: number }, context: Context): Promise<void>;
}): ExportKind {
  return kind as ExportKind;
}
