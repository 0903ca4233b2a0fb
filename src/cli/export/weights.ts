import { UsageError } from '../../errors.js';
import { exportWeights } from '../../export/weights.js';
import { scoreFile } from '../../policy/score-file.js';
import { ScoredSlates } from '../../policy/scored-slates.js';
import { onOff, several, text } from '../flags.js';
import { LOG_FLAGS, openLog, saySkipped } from '../log-flags.js';
import { loggingPolicy } from '../logging-policy.js';
import { OBJECTIVE_FLAGS, objectiveSettings } from '../objective-flags.js';
import { readable } from '../table.js';
import { defineExport } from './export-kind.js';

export const weights = defineExport({
  name: 'weights',
  summary: 'coefficients of responses for a trainer elsewhere',
  flags: {
    target: several('--target <scores...>', 'weights: score files of the policy that is trained, as it is now', text),
    logging: several('--logging <scores...>', 'weights: score files of the logging policy, or the word log', text),
    reference: several('--reference <scores...>', 'weights: score files of the policy that training began with', text),
    skipUnscored: onOff(
      '--skip-unscored',
      'weights: leave out queries with a response that has no score, and count them',
    ),
    ...OBJECTIVE_FLAGS,
    ...LOG_FLAGS,
  },
  async run(path, settings, context) {
    const { target, logging, reference, output } = settings;
    if (target.length === 0) {
      const how = '--target SCORES, which "pope score LOG --model DIR -o SCORES" makes';
      throw new UsageError('EXPORT_NEEDS', `weights need the policy that is trained: ${how}`);
    }
    const log = await openLog(path, settings, context);
    const policies = {
      target: scoreFile(target),
      ...(logging.length > 0 ? { logging: loggingPolicy(logging) } : {}),
      ...(reference.length > 0 ? { reference: scoreFile(reference) } : {}),
    };
    const scored = new ScoredSlates(log, Object.values(policies));
    const { value, queries, responses, leftOut, silent } = await exportWeights(settings.skipUnscored ? scored : log, {
      ...objectiveSettings(settings),
      ...policies,
      output,
      signal: context.signal,
      onProgress: ({ queries: done }) =>
        context.terminal.progress({ label: 'reading', done, total: undefined, unit: 'queries' }),
    });
    saySkipped(log, context);
    const { terminal } = context;
    if (scored.skipped > 0) {
      terminal.say(`${readable(scored.skipped)} queries have a response without a score and were left out`);
    }
    terminal.say(
      `${readable(queries)} queries, ${readable(responses)} responses; ${readable(leftOut)} queries without votes left out, ${readable(silent)} give no gradient`,
    );
    terminal.say(`J = ${value.toPrecision(6)} under the target: ${output}`);
  },
});
