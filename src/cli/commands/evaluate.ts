import { evaluate as evaluateLog } from '../../estimators/evaluate.js';
import { QUERY_INTERVALS } from '../../estimators/intervals.js';
import { estimatorName, normalisation, smallGroups } from '../../estimators/result.js';
import { scoreFile } from '../../policy/score-file.js';
import { defineCommand } from '../command.js';
import { evaluationReport } from '../evaluation-report.js';
import { listOf, oneOf, onOff, optional, positiveInteger, severalRequired, text } from '../flags.js';
import { openValued, VALUE_FLAGS } from '../value-flags.js';

export const evaluate = defineCommand({
  examples: [
    'pope evaluate log.jsonl --target target.jsonl --logging logging.jsonl',
    'pope evaluate log.jsonl --target target.jsonl --logging log --split test --json',
  ],
  arguments: [['<log>', 'log file, or - for standard input']],
  flags: {
    target: severalRequired('--target <scores...>', 'score files of the target policy', text),
    estimator: optional(
      '--estimator <names>',
      'slate, decomposed, bound (default: all)',
      listOf(oneOf(...estimatorName.options)),
    ),
    normalise: optional(
      '--normalise <by>',
      'all, none, tokens or bytes (default: all)',
      oneOf('all', ...normalisation.options),
    ),
    ...VALUE_FLAGS,
    selfNormalise: onOff('--self-normalise', 'divide values by the mean weight'),
    interval: optional('--interval <method>', `${QUERY_INTERVALS.join(', ')}`, oneOf(...QUERY_INTERVALS)),
    by: optional(
      '--by <field>',
      'also by group of judges or authors (group), or by a field of queries or responses',
      text,
    ),
    minGroup: optional('--min-group <n>', 'groups of fewer queries are small (default: 10)', positiveInteger),
    smallGroups: optional(
      '--small-groups <rule>',
      'refuse to compare small groups, or pool them (default: refuse)',
      oneOf(...smallGroups.options),
    ),
    prediction: optional(
      '--prediction <field>',
      "also dm, dr and sndr: the field of responses and queries with a model's predicted reward",
      text,
    ),
    strict: onOff('--strict', 'fail instead of printing numbers that the log does not support'),
    json: onOff('--json', 'print one JSON object'),
  },
  async run([path], settings, context) {
    const target = scoreFile(settings.target);
    const valued = await openValued(path!, settings, [target], context);
    const result = await evaluateLog(valued.slates, {
      target,
      ...valued.options,
      estimators: settings.estimator,
      normalise: settings.normalise,
      selfNormalise: settings.selfNormalise,
      interval: settings.interval,
      alpha: settings.alpha,
      resamples: settings.resamples,
      by: settings.by,
      minGroup: settings.minGroup,
      smallGroups: settings.smallGroups,
      prediction: settings.prediction,
      strict: settings.strict,
      onProgress: valued.onProgress,
    });
    const evaluation = { ...result, warnings: [...valued.leftOut(), ...result.warnings] };
    if (settings.json) await context.terminal.writeJson(evaluation);
    else await context.terminal.write(evaluationReport(evaluation));
  },
});
