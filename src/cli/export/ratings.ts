import { UsageError } from '../../errors.js';
import { countRatings, readRatingKey } from '../../export/index.js';
import { writeFileAtomic } from '../../files/atomic.js';
import { several, text } from '../flags.js';
import { percent, readable } from '../table.js';
import { defineExport } from './export-kind.js';

export const ratings = defineExport({
  name: 'ratings',
  summary: 'wins, ties and losses from sheets that raters sent back; in place of LOG the key of the sheet',
  flags: {
    rated: several('--rated <files...>', 'ratings: CSV files of the raters, one each', text),
  },
  async run(path, { rated, output }, { terminal }) {
    if (rated.length === 0)
      throw new UsageError('EXPORT_NEEDS', 'ratings need the sheets of the raters: --rated FILES');
    const result = await countRatings(await readRatingKey(path), rated);
    await writeFileAtomic(output, `${JSON.stringify(result, null, 2)}\n`);
    const { policies, wins, ties, losses, winRate, agreement } = result;
    const bounds = winRate.low === null ? '' : ` [${readable(winRate.low)}, ${readable(winRate.high!)}]`;
    terminal.say(
      `"${policies[0]}" against "${policies[1]}": ${wins} wins, ${ties} ties, ${losses} losses; ` +
        `win rate ${winRate.value === null ? '-' : readable(winRate.value)}${bounds}` +
        `${agreement === null ? '' : `; raters agree on ${percent(agreement)}`}: ${output}`,
    );
  },
});
