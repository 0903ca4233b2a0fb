export { type CapabilityIntervals, capability } from './capability.js';
export { type CapabilityItems, type HeldOutText, type MultipleChoice, readCapabilityItems } from './items.js';
export type { Capability } from './result.js';
export {
  type CapabilityOptions,
  type CapabilityScores,
  capabilityScores,
  type QuestionScore,
  type TextScore,
} from './score.js';
