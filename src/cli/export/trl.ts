import { exportTrl, TRL_FORMS } from '../../export/trl.js';
import { defaulted, oneOf, onOff } from '../flags.js';
import { LOG_FLAGS, openLog, saySkipped } from '../log-flags.js';
import { OBJECTIVE_FLAGS } from '../objective-flags.js';
import { readable } from '../table.js';
import { defineExport } from './export-kind.js';

export const trl = defineExport({
  name: 'trl',
  summary: 'preference data of Hugging Face TRL',
  flags: {
    preferences: defaulted('--preferences <form>', `trl: ${TRL_FORMS.join(', ')}`, oneOf(...TRL_FORMS), 'pairs'),
    chat: onOff(
      '--chat',
      'trl: write prompts that are text as turns of a chat, so that the trainer applies its template',
    ),
    reward: OBJECTIVE_FLAGS.reward,
    ...LOG_FLAGS,
  },
  async run(path, { preferences: form, chat, reward, output, ...settings }, context) {
    const log = await openLog(path, settings, context);
    const { queries, lines, tied } = await exportTrl(log, { form, chat, reward, output, signal: context.signal });
    saySkipped(log, context);
    context.terminal.say(
      `${readable(queries)} queries: ${readable(lines)} lines; ${readable(tied)} queries without a preference left out: ${output}`,
    );
  },
});
