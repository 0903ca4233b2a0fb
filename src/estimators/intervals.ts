/** @file What other rooms use of intervals. */
export { percentileInterval } from './intervals/bootstrap-intervals.js';
export type { IntervalInput } from './intervals/input.js';
export { interval } from './intervals/interval.js';
export {
  checkedSettings,
  INTERVAL_METHODS,
  type IntervalMethod,
  type IntervalOptions,
  QUERY_INTERVALS,
  type QueryInterval,
} from './intervals/settings.js';
