export type { LabelAgreement } from './agreement.js';
export { labelByChat } from './label-by-chat.js';
export { type ClusterCount, type LabelOptions, type LabelReport, labelByClusters } from './label-log.js';
