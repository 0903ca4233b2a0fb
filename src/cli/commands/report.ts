import { join } from 'node:path';
import { LoggedDataset } from '../../data/dataset.js';
import { writeFileAtomic } from '../../files/atomic.js';
import {
  buildReport,
  csvFiles,
  type Report,
  readRun,
  reportHtml,
  reportJson,
  reportMarkdown,
  svgFiles,
} from '../../report/index.js';
import { defineCommand } from '../command.js';
import { defaulted, oneOf, optional, outputFile, positiveInteger, required, text, wholeNumber } from '../flags.js';

const FORMATS = ['html', 'md', 'json', 'csv', 'svg'] as const;
type Format = (typeof FORMATS)[number];

export const report = defineCommand({
  examples: [
    'pope report old=old.json new=new.json comparison.json -o report.html',
    'pope report run/ experiment/ sft.jsonl pope.jsonl --log log.jsonl -o report.html',
    'pope report evaluation.json --format svg -o charts',
  ],
  arguments: [
    [
      '<runs...>',
      '[NAME=]PATH: folders of align and experiment, JSON files of evaluate, compare, metrics, sensitivity and simulate --study, generation files',
    ],
  ],
  flags: {
    output: required('-o, --output <file>', 'page to write; a folder for csv and svg', outputFile),
    format: defaulted('--format <name>', FORMATS.join(', '), oneOf(...FORMATS), 'html' as Format),
    title: optional('--title <text>', 'title of the page', text),
    log: optional('--log <file>', 'log of the generations, for prompts and what people wrote', text),
    samples: defaulted('--samples <n>', 'queries whose answers stand side by side', wholeNumber, 5),
    texts: defaulted('--texts <n>', 'answers of each policy to each of them', positiveInteger, 4),
  },
  async run(paths, { output, format, title, log, samples, texts, seed }, { terminal }) {
    const runs = [];
    for (const path of paths) runs.push(await readRun(path));
    const slates = log === undefined ? undefined : await LoggedDataset.open(log);
    const made = await buildReport(runs, { title, samples, texts, seed, log: slates });
    const files = await filesOf(made, format, output);
    for (const { path, content } of files) await writeFileAtomic(path, content);
    terminal.say(files.length === 1 ? files[0]!.path : `${files.length} files in ${output}`);
  },
});

async function filesOf(made: Report, format: Format, output: string): Promise<{ path: string; content: string }[]> {
  if (format === 'csv' || format === 'svg') {
    const files = format === 'csv' ? csvFiles(made) : await svgFiles(made);
    return files.map(({ name, content }) => ({ path: join(output, name), content }));
  }
  const content = { html: reportHtml, md: reportMarkdown, json: reportJson }[format](made);
  return [{ path: output, content: await content }];
}
