import { Random } from '../../../src/estimators/random.js';
import type { Family, HostileCase } from './case.js';
import { indexFile, modelJson, otherJson } from './json-files.js';
import { gzip, logLines, results } from './logs.js';
import { parquet } from './parquet.js';
import { rawFiles } from './raw-files.js';
import { safetensors } from './safetensors.js';
import { templates } from './templates.js';
import { tokenizers } from './tokenizers.js';

/** How many of a thousand are of each kind. */
const SHARES: readonly [Family, number][] = [
  [safetensors, 160],
  [indexFile, 60],
  [modelJson, 120],
  [otherJson, 60],
  [tokenizers, 120],
  [templates, 120],
  [logLines, 100],
  [gzip, 50],
  [results, 60],
  [parquet, 100],
  [rawFiles, 50],
];

/** `count` hostile files, the same ones for the same seed; of every kind its share, at least one. */
export function* hostileCases(seed: number, count: number): Generator<HostileCase> {
  for (const [kind, [family, share]] of SHARES.entries()) {
    const some = Math.max(1, Math.round((share * count) / 1000));
    for (let i = 0; i < some; i++) yield family(new Random(seed, kind, i), i);
  }
}
