import { DataError, describeValue } from '../errors.js';
import type { TokenSlate } from './packing.js';

interface Limits {
  vocabulary: number;
  context: number;
}

/** @throws DataError `EMPTY_SLATE`, `EMPTY_PROMPT`, `EMPTY_RESPONSE`, `TOKEN_OUT_OF_RANGE` or `CONTEXT_OVERFLOW` with its place */
export function checkSlates(slates: readonly TokenSlate[], limits: Limits): void {
  for (const [index, { prompt, responses }] of slates.entries()) {
    if (responses.length === 0) throw new DataError('EMPTY_SLATE', `slate ${index}: has no responses`);
    if (prompt.length === 0) {
      const why = 'the prompt has no tokens, so nothing predicts the first token of a response';
      throw new DataError('EMPTY_PROMPT', `slate ${index}: ${why}`);
    }
    checkIds(prompt, limits, `slate ${index}, prompt`);
    for (const [k, response] of responses.entries()) {
      const place = `slate ${index}, response ${k}`;
      if (response.length === 0) throw new DataError('EMPTY_RESPONSE', `${place}: has no tokens`);
      checkIds(response, limits, place);
      checkLength(prompt.length + response.length, limits, place);
    }
  }
}

/** Prompts to go on from. @throws DataError `EMPTY_PROMPT`, `TOKEN_OUT_OF_RANGE` or `CONTEXT_OVERFLOW` with its place */
export function checkPrompts(prompts: readonly { ids: ArrayLike<number> }[], limits: Limits): void {
  for (const [index, { ids }] of prompts.entries()) {
    const place = `prompt ${index}`;
    if (ids.length === 0) {
      throw new DataError('EMPTY_PROMPT', `${place}: has no tokens, so nothing predicts the first new one`);
    }
    checkIds(ids, limits, place);
    if (ids.length >= limits.context) {
      const got = `${ids.length} tokens leave no room for a new one`;
      throw new DataError('CONTEXT_OVERFLOW', `${place}: ${got} in the model's context of ${limits.context}`);
    }
  }
}

/** @throws DataError `EMPTY_PROMPT`, `TOKEN_OUT_OF_RANGE` or `CONTEXT_OVERFLOW` */
export function checkSequence(ids: ArrayLike<number>, limits: Limits): void {
  if (ids.length === 0) throw new DataError('EMPTY_PROMPT', 'the sequence has no tokens: expected at least one id');
  checkIds(ids, limits, 'the sequence');
  checkLength(ids.length, limits, 'the sequence');
}

function checkIds(ids: ArrayLike<number>, { vocabulary }: Limits, place: string): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (!(Number.isInteger(id) && id >= 0 && id < vocabulary)) {
      const expected = `expected an id from 0 to ${vocabulary - 1}, got ${describeValue(id)}`;
      throw new DataError(
        'TOKEN_OUT_OF_RANGE',
        `${place}, token ${i}: ${expected}. Is this the model's own tokenizer?`,
      );
    }
  }
}

function checkLength(length: number, { context }: Limits, place: string): void {
  if (length > context) {
    throw new DataError('CONTEXT_OVERFLOW', `${place}: ${length} tokens, but the model's context is ${context}`);
  }
}
