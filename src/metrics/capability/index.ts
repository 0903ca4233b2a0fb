export { capability } from './capability.js';
export { type CapabilityItems, type MultipleChoice, readCapabilityItems } from './items.js';
export type { Capability } from './result.js';
export { type CapabilityOptions, type CapabilityScores, capabilityScores } from './score.js';
