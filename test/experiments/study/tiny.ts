import type { StudyInput } from '../../../src/experiments/study/config.js';

/** A study of seconds: two methods in one world. */
export const TINY = {
  data: [{ name: 'people', world: 'pluralistic', slatesPerQuery: 1 }],
  backbones: [{ name: 'base', world: 'pluralistic', steps: 8 }],
  methods: [{ name: 'Base' }, { name: 'SFT', training: { method: 'sft', lr: 1e-3 } }],
  training: { steps: 6, batch: 8, validateEvery: 0, checkpointEvery: 2 },
  testQueries: 5,
  generation: { n: 3, maxTokens: 12 },
  metrics: { embedder: 'world' },
  resamples: 50,
} satisfies StudyInput;
