export { ChatTemplate } from './chat-template.js';
export { type EncodedResponse, type EncodedSlate, type EncodingOptions, SlateEncoder } from './encode-slate.js';
export type { TokenSlate } from './packing.js';
export { Tokenizer } from './tokenizer.js';
