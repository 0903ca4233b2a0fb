import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AlignOptions } from '../../src/align/align.js';
import type { Slate } from '../../src/data/slate.js';
import { smallLog } from '../cli/logs.js';

/** A log of small slates with votes, propensities and opinion labels. */
export function trainingLog(queries = 24): Slate[] {
  return smallLog(queries).map((slate) => ({
    ...slate,
    responses: slate.responses.map((response, k) => ({ ...response, opinion: k % 2 === 0 ? 'for' : 'against' })),
  }));
}

/** A short run with everything in it: 10 steps of 4 slates, validations and checkpoints on the way. */
export function shortRun(output: string, changes: Partial<AlignOptions> = {}): AlignOptions {
  return {
    output,
    method: 'pope',
    logging: 'log',
    lr: 1e-3,
    steps: 10,
    batch: 4,
    validateEvery: 4,
    checkpointEvery: 3,
    seed: 1,
    ...changes,
  };
}

/** The lines of a run's metrics.jsonl. */
export function readMetrics(output: string) {
  return readFileSync(join(output, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}
