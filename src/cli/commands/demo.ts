import { demo as runDemo } from '../../experiments/demo.js';
import { trainingDemo } from '../../experiments/training-demo.js';
import { defineCommand } from '../command.js';
import { nextText, TRAINING_ANNOUNCEMENT, trainingText, valueText } from '../demo-report.js';
import { onOff } from '../flags.js';

export const demo = defineCommand({
  examples: ['pope demo', 'pope demo --seed 1 --quick'],
  arguments: [],
  flags: {
    quick: onOff('--quick', 'without the second part, which trains models for about a minute'),
    json: onOff('--json', 'print one JSON object'),
  },
  async run(_values, { seed, quick, json }, { terminal, signal }) {
    const first = await runDemo({ seed, signal });
    if (!json) await terminal.write(`${valueText(first)}\n${quick ? '' : `${TRAINING_ANNOUNCEMENT}\n`}`);
    const training = quick
      ? null
      : await trainingDemo({
          seed,
          signal,
          onProgress: ({ policy, ...progress }) =>
            terminal.progress({ label: 'training', ...progress, unit: 'models', detail: policy }),
        });
    if (json) return terminal.writeJson({ ...first, training });
    await terminal.write(`${training === null ? '' : `${trainingText(training)}\n`}${nextText(first)}`);
  },
});
