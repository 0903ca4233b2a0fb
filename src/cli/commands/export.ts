import { UsageError } from '../../errors.js';
import { type Context, defineCommand } from '../command.js';
import { EXPORT_FLAGS, type ExportKind } from '../export/export-kind.js';
import { ratingSheet } from '../export/rating-sheet.js';
import { ratings } from '../export/ratings.js';
import { trl } from '../export/trl.js';
import { weights } from '../export/weights.js';
import type { Flags } from '../settings.js';

const KINDS: readonly ExportKind[] = [trl, weights, ratingSheet, ratings];

/** Flags of all kinds; those that several have are the same. */
const FLAGS: Flags = Object.assign({}, ...KINDS.map(({ flags }) => flags));

export const exportCommand = defineCommand({
  examples: [
    'pope export trl log.jsonl --split train -o preferences.jsonl',
    'pope export weights log.jsonl --target now.jsonl --logging logging.jsonl --split train -o weights.jsonl',
    'pope export rating-sheet log.jsonl --generations new.jsonl --against old.jsonl -o sheet.html',
    'pope export ratings sheet.key.json --rated anna.csv ben.csv -o ratings.json',
  ],
  arguments: [
    ['<what>', KINDS.map(({ name, summary }) => `${name} (${summary})`).join('; ')],
    ['<log>', 'log file, or - for standard input'],
  ],
  flags: { ...FLAGS, ...EXPORT_FLAGS },
  async run([what, path], settings, context) {
    const kind = KINDS.find(({ name }) => name === what);
    if (kind === undefined) {
      const known = KINDS.map(({ name }) => name).join(', ');
      throw new UsageError('USAGE', `pope export: expected one of ${known}, got "${what}"`);
    }
    checkFlags(kind, context);
    await kind.run(path!, settings, context);
  },
});

/** A flag of another kind would change nothing: whoever types it expects something else. */
function checkFlags(kind: ExportKind, { typed }: Context): void {
  const given = Object.entries(FLAGS).find(([name]) => typed.has(name) && !(name in kind.flags));
  if (given !== undefined) {
    throw new UsageError('BAD_OPTION', `${given[1].syntax}: not a flag of "pope export ${kind.name}"`);
  }
}
