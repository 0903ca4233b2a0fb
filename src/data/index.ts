/** `pope-native/data`: logs, splits, imports and atomic files. */

export { writeFileAtomic } from '../files/atomic.js';
export type { Adapter, AdapterOption } from './adapters/adapter.js';
export { ADAPTERS, findAdapter } from './adapters/index.js';
export { AtomicWriter } from './atomic-writer.js';
export {
  type DatasetCounts,
  type DatasetOptions,
  type DatasetProgress,
  type LocatedSlate,
  LoggedDataset,
} from './dataset.js';
export { type ImportOptions, importLog } from './import.js';
export type { AdapterOptionValues, ImportReport, Tally } from './import-run.js';
export { parseSlate, validateSlate } from './schema.js';
export type { Judgement, LoggedPropensity, LoggedResponse, Message, Slate } from './slate.js';
export {
  DEFAULT_SPLIT_RATIO,
  DEFAULT_SPLIT_SEED,
  parseSplit,
  parseSplitRatio,
  SPLITS,
  type Split,
  type SplitRatio,
  splitOf,
} from './split.js';
