export { type ExportTrlOptions, exportTrl, type TrlForm, type TrlReport } from './trl.js';
export { type ExportWeightsOptions, exportWeights, type ResponseWeight, type WeightsReport } from './weights.js';
