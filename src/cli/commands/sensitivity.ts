import { sensitivity as measure, type SensitivityRow } from '../../estimators/sensitivity.js';
import { writeFileAtomic } from '../../files/atomic.js';
import { scoreFile } from '../../policy/score-file.js';
import { figureSvg, sensitivityFigure } from '../../report/index.js';
import { defineCommand } from '../command.js';
import { onOff, optional, several, severalRequired, svgFile, text } from '../flags.js';
import { readable, table } from '../table.js';
import { openValued, VALUE_FLAGS } from '../value-flags.js';

const { alpha: _, resamples: __, ...FLAGS } = VALUE_FLAGS;

export const sensitivity = defineCommand({
  examples: [
    'pope sensitivity log.jsonl --target target.jsonl --logging logging.jsonl',
    'pope sensitivity log.jsonl --target target.jsonl --logging fit.jsonl --alternatives other-fit.jsonl',
  ],
  arguments: [['<log>', 'log file, or - for standard input']],
  flags: {
    target: severalRequired('--target <scores...>', 'score files of the target policy', text),
    alternatives: several(
      '--alternatives <scores...>',
      'other score files to put in the place of --logging, one by one',
      text,
    ),
    chart: optional('--chart <file>', 'draw it too: an .svg file', svgFile),
    json: onOff('--json', 'print one JSON object'),
    ...FLAGS,
  },
  async run([path], settings, context) {
    const target = scoreFile(settings.target);
    const alternatives = new Map(settings.alternatives.map((file) => [file, scoreFile(file)]));
    const valued = await openValued(path!, settings, [target, ...alternatives.values()], context);
    const rows = await measure(valued.slates, { ...valued.options, target, alternatives });
    const warnings = valued.leftOut();
    if (settings.chart !== undefined)
      await writeFileAtomic(settings.chart, await figureSvg(sensitivityFigure({ rows })));
    if (settings.json) return context.terminal.writeJson({ rows, warnings });
    await context.terminal.write(
      `The decomposed value (normalise none) under changes of the logging log-probabilities l0\n\n${report(rows)}`,
    );
  },
});

const NAMES = { none: 'as given', noise: 'noise of nats', factor: 'l0 times', replaced: 'replaced by' };

function report(rows: readonly SensitivityRow[]): string {
  const figure = (value: number | null) => (value === null ? '-' : readable(value));
  return table(
    ['change', 'value', 'lowest', 'highest', 'self-normalised', 'mean weight', 'ESS', 'verdict'],
    rows.map((row) => [
      row.amount === null ? NAMES[row.change] : `${NAMES[row.change]} ${row.amount}`,
      ...[row.value, row.lowest, row.highest, row.selfNormalised, row.meanWeight, row.effectiveSampleSize].map(figure),
      row.verdict,
    ]),
  );
}
