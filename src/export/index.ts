export { ratingCsv, ratingHtml } from './rating-form.js';
export {
  makeRatingSheet,
  type RatingItem,
  type RatingKey,
  type RatingSheet,
  type RatingSheetOptions,
} from './rating-sheet.js';
export { countRatings, type Ratings, readRatingKey } from './ratings.js';
export { type ExportTrlOptions, exportTrl, type TrlForm, type TrlReport } from './trl.js';
export { type ExportWeightsOptions, exportWeights, type ResponseWeight, type WeightsReport } from './weights.js';
