/** From so many logged responses of a query on, the logging policy's share of an opinion is counted from them alone. */
const ENOUGH_RESPONSES = 20;

/**
 * The logging policy's share of each response's opinion for its query [K], from the responses that it logged. With fewer
 * than 20 of them the missing ones are filled up with the opinion's share of the whole log, so that the share of an opinion
 * that was seen once among five is not taken for its probability:
 *
 *     share = (n_C + (20 - K) p_C) / 20 for K < 20, else n_C / K
 *
 * A response without a label is an opinion of its own, about which the rest of the log says nothing: its share is 1 / K.
 *
 * @param queries labels of the logged responses of each query, undefined where there is none
 */
export function opinionShares(queries: readonly (readonly (string | undefined)[])[]): Float64Array[] {
  const inLog = countLabels(queries.flat());
  const labelled = [...inLog.values()].reduce((sum, count) => sum + count, 0);
  return queries.map((labels) => {
    const counts = countLabels(labels);
    const missing = Math.max(0, ENOUGH_RESPONSES - labels.length);
    return Float64Array.from(labels, (label) => {
      if (label === undefined) return 1 / labels.length;
      return (counts.get(label)! + (missing * inLog.get(label)!) / labelled) / (labels.length + missing);
    });
  });
}

/** C(k) as numbers: responses with the same label share one, a response without a label has its own. */
export function opinionNumbers(labels: readonly (string | undefined)[]): number[] {
  const numbers = new Map<string, number>();
  return labels.map((label, k) => {
    if (label === undefined) return k;
    const known = numbers.get(label) ?? k;
    numbers.set(label, known);
    return known;
  });
}

function countLabels(labels: readonly (string | undefined)[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const label of labels) if (label !== undefined) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}
