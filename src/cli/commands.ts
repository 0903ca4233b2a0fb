import type { MountedCommand } from './command.js';
import type { Flags } from './settings.js';

export interface ListedCommand {
  readonly name: string;
  readonly summary: string;
  load(): Promise<MountedCommand>;
}

/** In the order of `pope --help`. A command's module, with all it needs, is loaded when the command is named. */
export const COMMANDS: readonly ListedCommand[] = [
  {
    name: 'demo',
    summary:
      'Value a policy from a log, and align a small language model to one, in built-in worlds whose truth is known. Needs no data and no download.',
    load: async () => (await import('./commands/demo.js')).demo,
  },
  {
    name: 'import',
    summary: "Turn a publisher's raw files into a log.",
    load: async () => (await import('./commands/import.js')).importCommand,
  },
  {
    name: 'export',
    summary: 'Write a log in the form that another tool reads, or a sheet on which people compare policies.',
    load: async () => (await import('./commands/export.js')).exportCommand,
  },
  {
    name: 'score',
    summary: 'Score every response of a log with a language model, into a file that is also a resumable cache.',
    load: async () => (await import('./commands/score.js')).score,
  },
  {
    name: 'evaluate',
    summary: 'Estimate the pluralistic value of a target policy from a log that another policy wrote.',
    load: async () => (await import('./commands/evaluate.js')).evaluate,
  },
  {
    name: 'compare',
    summary:
      'Compare policies on one log: paired intervals, the probability of being best, regret, and which may be best.',
    load: async () => (await import('./commands/compare.js')).compare,
  },
  {
    name: 'sensitivity',
    summary:
      'Show how a value changes with the propensities: noise, another temperature, another fit of the logging policy.',
    load: async () => (await import('./commands/sensitivity.js')).sensitivity,
  },
  {
    name: 'fit-logging',
    summary:
      'Fit a logging policy to a log that has none, and score the log with it, cross-fitted over folds of its queries.',
    load: async () => (await import('./commands/fit-logging.js')).fitLoggingCommand,
  },
  {
    name: 'align',
    summary: 'Fine-tune a language model on the training split of a log.',
    load: async () => (await import('./commands/align.js')).alignCommand,
  },
  {
    name: 'generate',
    summary: 'Let a language model answer the queries of a log, into a file that is also a resumable cache.',
    load: async () => (await import('./commands/generate.js')).generate,
  },
  {
    name: 'merge',
    summary: 'Put the shards of a run together: the file that one process would have written, byte for byte.',
    load: async () => (await import('./commands/merge.js')).merge,
  },
  {
    name: 'fleet',
    summary: 'Have a queue hand the shards of a run to any number of workers (BullMQ on Redis or PostgreSQL).',
    load: async () => (await import('./commands/fleet.js')).fleet,
  },
  {
    name: 'metrics',
    summary: 'Measure the generations of a policy against what people said: diversity, coverage, helpfulness, quality.',
    load: async () => (await import('./commands/metrics.js')).metrics,
  },
  {
    name: 'capability',
    summary:
      'Measure what a model can do in general, and whether training cost any of it: multiple choice and perplexity.',
    load: async () => (await import('./commands/capability.js')).capabilityCommand,
  },
  {
    name: 'label',
    summary: 'Say which opinion each response of a log expresses: clusters of embeddings, or names by a chat model.',
    load: async () => (await import('./commands/label.js')).label,
  },
  {
    name: 'simulate',
    summary:
      'Write a log from a world whose true value is known, with the scores of a target policy, and print that value.',
    load: async () => (await import('./commands/simulate.js')).simulate,
  },
  {
    name: 'open-bandit',
    summary: "Estimate each policy of the Open Bandit data from the other's log, beside what it earned itself.",
    load: async () => (await import('./commands/open-bandit.js')).openBandit,
  },
  {
    name: 'experiment',
    summary: 'Run an experiment: of the paper on configured data and models, or in worlds whose truth is known.',
    load: async () => (await import('./commands/experiment.js')).experiment,
  },
  {
    name: 'report',
    summary: 'Make one page of results: verdict, values, weights, groups, envelopes, metrics, training, answers.',
    load: async () => (await import('./commands/report.js')).report,
  },
  {
    name: 'doctor',
    summary: 'Say which binary, device, instruction set and BLAS are used, and why others were not.',
    load: async () => (await import('./commands/doctor.js')).doctor,
  },
];

/** Flags of every command, to check a config file that serves several. */
export async function allFlags(): Promise<ReadonlyMap<string, Flags>> {
  return new Map(await Promise.all(COMMANDS.map(async ({ name, load }) => [name, (await load()).flags] as const)));
}
