import { UsageError } from '../../errors.js';
import { exportWeights } from '../../export/weights.js';
import { scoreFile } from '../../policy/score-file.js';
import { several, text } from '../flags.js';
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
    const { value, queries, responses, leftOut, silent } = await exportWeights(log, {
      ...objectiveSettings(settings),
      target: scoreFile(target),
      ...(logging.length > 0 ? { logging: loggingPolicy(logging) } : {}),
      ...(reference.length > 0 ? { reference: scoreFile(reference) } : {}),
      output,
      signal: context.signal,
      onProgress: ({ queries: done }) =>
        context.terminal.progress({ label: 'reading', done, total: undefined, unit: 'queries' }),
    });
    saySkipped(log, context);
    const { terminal } = context;
    terminal.say(
      `${readable(queries)} queries, ${readable(responses)} responses; ${readable(leftOut)} queries without votes left out, ${readable(silent)} give no gradient`,
    );
    terminal.say(`J = ${value.toPrecision(6)} under the target: ${output}`);
  },
});
