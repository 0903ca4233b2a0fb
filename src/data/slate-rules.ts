/** What every import does to a slate, whatever it came from; each thing that is left out is counted with its reason. */
import { createHash } from 'node:crypto';
import type { RawResponse, RawSlate } from './adapters/adapter.js';

export interface SlateRules {
  /** Smallest slate that is kept. */
  minSlate: number;
  /** Larger slates are cut to this many responses; default none is. */
  maxSlate: number;
  /** Which responses a cut keeps. */
  cut: 'sample' | 'top';
  duplicates: 'drop' | 'keep';
  deleted: 'drop' | 'keep';
}

/** What sites put where a text was. */
const DELETED_TEXT = /^\s*\[(deleted|removed|deleted by user|removed by reddit)\]\s*$/i;

/** The responses that stay, in their order; the others are reported to `drop`. */
export function applyRules(
  slate: RawSlate,
  rules: SlateRules,
  drop: (reason: string, count: number) => void,
): RawResponse[] {
  const texts = new Set<string>();
  const ids = new Set<string>();
  const kept = slate.responses.filter((response) => {
    const reason = problem(response, rules, texts, ids);
    if (reason !== null) drop(reason, 1);
    return reason === null;
  });
  if (kept.length <= rules.maxSlate) return kept;
  drop('above-max-slate', kept.length - rules.maxSlate);
  return cut(slate.id, kept, rules);
}

function problem(response: RawResponse, rules: SlateRules, texts: Set<string>, ids: Set<string>): string | null {
  if (response.text.trim() === '') return 'empty-text';
  if (rules.deleted === 'drop' && (response.deleted === true || DELETED_TEXT.test(response.text)))
    return 'deleted-text';
  if (ids.has(response.id)) return 'duplicate-id';
  // Copies differ in white space at most.
  const text = response.text.trim().replace(/\s+/g, ' ');
  if (rules.duplicates === 'drop' && texts.has(text)) return 'duplicate-text';
  ids.add(response.id);
  texts.add(text);
  return null;
}

/**
 * `sample` keeps responses by a hash of their ids, blind to what people said of them, so that the slate stays a sample of
 * the logging policy, which the estimators assume; `top` keeps those with the best signal, then rank.
 */
function cut(id: string, responses: readonly RawResponse[], { cut, maxSlate }: SlateRules): RawResponse[] {
  const order =
    cut === 'sample'
      ? byNumber((response) => createHash('sha256').update(`${id}\n${response.id}`).digest().readUIntBE(0, 6))
      : byNumber(({ signal, rank }) => (signal === undefined ? (rank ?? Number.MAX_VALUE) : -signal));
  const kept = new Set(order(responses).slice(0, maxSlate));
  return responses.filter((response) => kept.has(response));
}

function byNumber(key: (response: RawResponse) => number): (responses: readonly RawResponse[]) => RawResponse[] {
  return (responses) =>
    responses
      .map((response) => ({ response, key: key(response) }))
      .sort((a, b) => a.key - b.key)
      .map(({ response }) => response);
}
