import { capability, capabilityScores, readCapabilityItems } from '../../metrics/capability/index.js';
import type { Capability, Estimate } from '../../metrics/capability/result.js';
import type { CapabilityScores } from '../../metrics/capability/score.js';
import { loadModel } from '../../models/index.js';
import { defineCommand } from '../command.js';
import { ENCODING_FLAGS, encodingOptions } from '../encoding-flags.js';
import { defaulted, number, oneOf, onOff, optional, positiveInteger, required, text } from '../flags.js';
import { loadOptions } from '../model-flags.js';
import { percent, readable, table } from '../table.js';

const { system, template, date } = ENCODING_FLAGS;

export const capabilityCommand = defineCommand({
  examples: [
    'pope capability items.jsonl --model run/model --before ./Llama-3.2-1B-Instruct',
    'pope capability questions.jsonl texts.jsonl --model ./Llama-3.2-1B-Instruct --json',
  ],
  arguments: [['<items...>', 'files of lines {question, choices, answer}, {text} or {prompt, text}']],
  flags: {
    model: required('--model <dir>', 'Hugging Face model folder', text),
    before: optional('--before <dir>', 'the model before training, to compare with', text),
    ...{ system, template, date },
    device: defaulted('--device <name>', 'auto, cpu or cuda', oneOf('auto', 'cpu', 'cuda'), 'auto'),
    alpha: optional('--alpha <a>', 'intervals miss with this probability (default: 0.05)', number),
    resamples: optional('--resamples <n>', 'bootstrap resamples', positiveInteger),
    json: onOff('--json', 'print one JSON object'),
  },
  async run(paths, settings, context) {
    const { terminal, signal } = context;
    const { device, alpha, resamples, seed } = settings;
    const items = await readCapabilityItems(paths);
    const total = items.questions.length + items.texts.length;
    const encoding = await encodingOptions({ ...settings, end: 'none', onOverflow: 'skip' });
    // One model after the other: two need not fit into memory.
    const scoresOf = async (folder: string): Promise<CapabilityScores> => {
      const model = await loadModel(folder, loadOptions({ device, frozen: true }, context));
      try {
        const onProgress = (done: number) => terminal.progress({ label: folder, done, total, unit: 'items' });
        return await capabilityScores(model, items, { ...encoding, signal, onProgress });
      } finally {
        model.dispose();
      }
    };
    const after = await scoresOf(settings.model);
    const before = settings.before === undefined ? null : await scoresOf(settings.before);
    const result = capability(after, before, { alpha, resamples, seed });
    if (settings.json) return terminal.writeJson(result);
    await terminal.write(report(result));
  },
});

const NAMES = {
  accuracy: 'Accuracy',
  accuracyPerByte: 'Accuracy, log-probability per byte',
  perplexity: 'Perplexity',
};

function report(result: Capability): string {
  const { model, before, alpha, questions, texts, tokens, measures } = result;
  const cell = (measured: Estimate | null) => {
    if (measured === null || measured.value === null) return '-';
    const [value, low, high] = [measured.value, measured.low, measured.high].map((n) =>
      n === null ? '-' : readable(n),
    );
    return `${value} [${low}, ${high}]`;
  };
  const tooLong = result.skippedQuestions + result.skippedTexts;
  const skipped = tooLong > 0 ? `; ${readable(tooLong)} exceed the context` : '';
  const columns = before === null ? ['value'] : ['after', 'before', 'change'];
  return (
    `Model "${model}"${before === null ? '' : `, before: "${before}"`}\n` +
    `${readable(questions)} questions, ${readable(texts)} texts of ${readable(tokens)} tokens${skipped}; ` +
    `intervals of ${percent(1 - alpha)}\n\n${table(
      ['', ...columns],
      measures.map(({ measure, after, before: then, change }) => {
        return [NAMES[measure], ...[after, ...(before === null ? [] : [then, change])].map(cell)];
      }),
    )}`
  );
}
