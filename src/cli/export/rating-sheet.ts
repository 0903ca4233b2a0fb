import { UsageError } from '../../errors.js';
import { makeRatingSheet, ratingCsv, ratingHtml } from '../../export/index.js';
import { writeFileAtomic } from '../../files/atomic.js';
import { readGenerations } from '../../policy/generations.js';
import { optional, outputFile, positiveInteger, several, text } from '../flags.js';
import { LOG_FLAGS, openLog, saySkipped } from '../log-flags.js';
import { readable } from '../table.js';
import { defineExport } from './export-kind.js';

/** Comparisons that a person makes in half an hour or so, and answers that still can be taken in at once. */
const ITEMS = 50;
const TEXTS = 1;

export const ratingSheet = defineExport({
  name: 'rating-sheet',
  summary: 'a blind sheet for people to compare two policies, .html or .csv',
  flags: {
    generations: several('--generations <files...>', 'rating-sheet: generation files of a policy', text),
    against: several('--against <files...>', 'rating-sheet: those of the policy to compare it with', text),
    items: optional('--items <n>', `rating-sheet: queries, drawn at random (default: ${ITEMS})`, positiveInteger),
    texts: optional(
      '--texts <n>',
      `rating-sheet: answers of either to each query (default: ${TEXTS})`,
      positiveInteger,
    ),
    key: optional(
      '--key <file>',
      'rating-sheet: where to keep whose side is whose (default: OUTPUT.key.json)',
      outputFile,
    ),
    ...LOG_FLAGS,
  },
  async run(
    path,
    { generations, against, items = ITEMS, texts = TEXTS, key: keyFile, output, seed, ...settings },
    context,
  ) {
    if (generations.length === 0 || against.length === 0) {
      throw new UsageError('EXPORT_NEEDS', 'a rating sheet needs two policies: --generations FILES --against FILES');
    }
    const log = await openLog(path, settings, context);
    const [ours, theirs] = [await readGenerations(generations), await readGenerations(against)];
    const { sheet, key } = await makeRatingSheet(log, ours, theirs, { items, texts, seed });
    saySkipped(log, context);
    const kept = keyFile ?? `${output.replace(/\.(csv|html)$/, '')}.key.json`;
    await writeFileAtomic(output, output.endsWith('.csv') ? ratingCsv(sheet) : ratingHtml(sheet));
    await writeFileAtomic(kept, `${JSON.stringify(key, null, 2)}\n`);
    context.terminal.say(`${readable(sheet.items.length)} comparisons: ${output}; keep ${kept} from raters`);
  },
});
