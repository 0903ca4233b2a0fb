/** @file Self-BLEU without each group of queries, from one pass over the n-grams. */
import { bleuScore } from './bleu.js';
import { requirePositiveInteger } from './checks.js';
import { ngramOrders, occurrences } from './ngrams.js';
import { centredPseudoValues, type GroupedTexts, groupTexts, type LeftOut, type PooledOptions } from './pooled.js';
import { nearestOtherLengths, type SelfBleuOptions } from './self-bleu.js';

/**
 * As `pooledContributions` of `selfBleu`, in time linear in the tokens plus one term per text and group. For each n-gram it keeps
 * the texts that have most of it, of enough groups that one text and one group may be missing.
 * @throws UsageError METRIC_INPUT for fewer than two queries; METRIC_OPTION
 */
export function selfBleuContributions(
  slates: readonly (readonly string[])[],
  options: SelfBleuOptions & PooledOptions = {},
): Float64Array {
  return centredPseudoValues(selfBleuLeftOut(groupTexts(slates, options), options));
}

function selfBleuLeftOut({ texts, groupOf, groups }: GroupedTexts, { maxN = 3, tokenize }: SelfBleuOptions): LeftOut {
  requirePositiveInteger('maxN', maxN);
  const matches: number[][] = texts.map(() => []);
  const losses: Map<number, Float64Array>[] = texts.map(() => new Map());
  let lengths: number[] | undefined;
  for (const [order, { ofText }] of [...ngramOrders(texts, maxN, { tokenize })].entries()) {
    lengths ??= ofText.map((tokens) => tokens.length);
    const counts = ofText.map(occurrences);
    const leaders = leadersOf(counts, groupOf);
    for (const [text, own] of counts.entries()) {
      let total = 0;
      for (const [ngram, count] of own) {
        const { best, group, next } = mostOfOthers(leaders.get(ngram)!, text);
        total += Math.min(count, best);
        const loss = Math.min(count, best) - Math.min(count, next);
        // Without its own group a text is not there either.
        if (loss === 0 || group === groupOf[text]) continue;
        if (!losses[text]!.has(group)) losses[text]!.set(group, new Float64Array(maxN));
        losses[text]!.get(group)![order]! += loss;
      }
      matches[text]!.push(total);
    }
  }
  return scoresWithout({ groupOf, groups, lengths: lengths!, matches, losses });
}

interface Leader {
  text: number;
  group: number;
  count: number;
}

/**
 * The texts with most of each n-gram, the best first: two texts of each of three groups. Without one text and one group, one of them still
 * has as much of it as any text that is left.
 */
function leadersOf(counts: readonly Map<number, number>[], groupOf: Int32Array): Map<number, Leader[]> {
  const leaders = new Map<number, Leader[]>();
  for (const [text, own] of counts.entries()) {
    const group = groupOf[text]!;
    for (const [ngram, count] of own) {
      const list = leaders.get(ngram);
      if (list === undefined) leaders.set(ngram, [{ text, group, count }]);
      else enter(list, { text, group, count });
    }
  }
  return leaders;
}

function enter(list: Leader[], leader: Leader): void {
  let at = list.length;
  while (at > 0 && list[at - 1]!.count < leader.count) at--;
  list.splice(at, 0, leader);
  const groups = new Map<number, number>();
  for (let i = 0; i < list.length; i++) {
    const { group } = list[i]!;
    const texts = groups.get(group) ?? 0;
    if (texts === 2 || (texts === 0 && groups.size === 3)) list.splice(i--, 1);
    else groups.set(group, texts + 1);
  }
}

/** How often the other texts have an n-gram at most; the group of one that does; and how often without that group. */
function mostOfOthers(leaders: readonly Leader[], text: number): { best: number; group: number; next: number } {
  const first = leaders.find((leader) => leader.text !== text);
  if (first === undefined) return { best: 0, group: -1, next: 0 };
  const second = leaders.find((leader) => leader.text !== text && leader.group !== first.group);
  return { best: first.count, group: first.group, next: second?.count ?? 0 };
}

function scoresWithout({
  groupOf,
  groups,
  lengths,
  matches,
  losses,
}: {
  groupOf: Int32Array;
  groups: number;
  lengths: readonly number[];
  matches: readonly number[][];
  losses: readonly Map<number, Float64Array>[];
}): LeftOut {
  const nearest = nearestOtherLengths(lengths);
  const scores = lengths.map((length, text) => bleuScore(matches[text]!, length, nearest.get(length)!));
  const meanWithout = (group: number) => {
    const rest = lengths.filter((_, text) => groupOf[text] !== group);
    const nearestLeft = nearestOtherLengths(rest);
    let total = 0;
    for (const [text, length] of lengths.entries()) {
      if (groupOf[text] === group) continue;
      const lost = losses[text]!.get(group);
      const reference = nearestLeft.get(length)!;
      const left = lost ? matches[text]!.map((count, order) => count - lost[order]!) : matches[text]!;
      total += lost || reference !== nearest.get(length) ? bleuScore(left, length, reference) : scores[text]!;
    }
    return total / rest.length;
  };
  return {
    value: scores.reduce((sum, score) => sum + score, 0) / scores.length,
    without: Float64Array.from({ length: groups }, (_, group) => meanWithout(group)),
  };
}
