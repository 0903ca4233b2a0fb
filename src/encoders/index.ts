/** Encoders of texts: 'pope-native/encoders' (docs/encoders.md). */
export { loadEncoder } from '../models/load-encoder.js';
export type { EmbedOptions, Encoder } from './encoder.js';
export { EndpointEncoder, type EndpointEncoderOptions } from './endpoint-encoder.js';
export { LexicalEncoder } from './lexical.js';
export { type OpenEncoderOptions, openEncoder } from './open.js';
