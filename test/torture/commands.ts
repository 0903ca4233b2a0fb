/** Commands that fill an output over a while, each on tiny input, for the tests that make them fail. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { trainingLog } from '../align/runs.js';
import { smallLog, writeLog } from '../cli/logs.js';
import { finished, main, type Outcome, type ProcessOptions, startNode } from '../cli/run-cli.js';
import { TINY } from '../experiments/study/tiny.js';
import { tinyModel } from '../helpers/tiny-model.js';

export interface Command {
  name: string;
  /** Its share of the kills. */
  weight: number;
  /** Arguments of Node that write `output`, or a file of that name, and go on with what is there. */
  argv(output: string): string[];
  /** Which files are the same in every run, by their path beside the output; left out: all. */
  keeps?: RegExp;
}

/** Makes the inputs in a folder. */
export async function tinyCommands(folder: string): Promise<Command[]> {
  const model = join(folder, 'model');
  cpSync(await tinyModel(), model, { recursive: true });
  const log = writeLog(join(folder, 'log.jsonl'), trainingLog(60));
  const small = writeLog(join(folder, 'small.jsonl'), trainingLog(16));
  const generations = join(folder, 'generations.jsonl');
  writeFileSync(
    generations,
    smallLog(60)
      .flatMap(({ id, responses }) => responses.map(({ text }) => `${JSON.stringify({ query: id, text })}\n`))
      .join(''),
  );
  const reviews = join(folder, 'reviews.csv');
  const rows = Array.from({ length: 6000 }, (_, i) => `thread ${i % 700},comment ${i} of a few words,${i % 13}`);
  writeFileSync(reviews, `thread,comment,likes\n${rows.join('\n')}\n`);
  const study = join(folder, 'study.json');
  writeFileSync(study, JSON.stringify(TINY));
  const cli = (...argv: string[]) => [main, ...argv];
  const training = ['--batch', '4', '--lr', '1e-3', '--checkpoint-every', '3', '--validate-every', '5'];
  return [
    {
      name: 'import',
      weight: 3,
      argv: (output) => [join(import.meta.dirname, 'import.child.mjs'), reviews, `${output}.jsonl`],
    },
    {
      name: 'score',
      weight: 3,
      argv: (output) => cli('score', log, '--model', model, '-o', `${output}.jsonl`, '--batch-tokens', '100'),
    },
    {
      name: 'generate',
      weight: 3,
      argv: (output) =>
        cli(
          ...['generate', log, '--model', model, '-o', `${output}.jsonl`, '-n', '2', '--max-tokens', '10'],
          ...['--batch-tokens', '100'],
        ),
    },
    {
      name: 'align',
      weight: 4,
      argv: (output) =>
        cli(
          ...[
            'align',
            log,
            '--model',
            model,
            '--logging',
            'log',
            '-o',
            output,
            '--resume',
            '--steps',
            '30',
            '--keep',
            '2',
          ],
          ...training,
          ...['--lambda-div', 'auto'],
        ),
    },
    {
      name: 'fit-logging',
      weight: 3,
      argv: (output) =>
        cli(...['fit-logging', small, '--model', model, '-o', output, '--folds', '2', '--steps', '10'], ...training),
    },
    {
      name: 'metrics',
      weight: 2,
      argv: () => cli('metrics', log, '--generations', generations, '--embedder', 'lexical', '--json'),
    },
    {
      name: 'experiment',
      weight: 2,
      argv: (output) => cli('experiment', 'rq2', '--config', study, '-o', output),
      keeps: /^out\/[^/]*$/,
    },
  ];
}

/** Runs one to its end. */
export function runCommand(command: Command, output: string, options?: ProcessOptions): Promise<Outcome> {
  return finished(startNode(command.argv(output), options));
}
