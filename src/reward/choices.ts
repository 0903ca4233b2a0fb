/** Rankings and comparisons of a slate, as the choices that the Plackett-Luce model is made of. */
import type { Slate } from '../data/slate.js';
import { DataError, describeValue } from '../errors.js';
import { judgementsOf } from './signals.js';

/** Someone took `chosen` (several: a tie) as the best of `from`; indices into the slate's responses. */
export interface Choice {
  chosen: number[];
  from: number[];
}

/** A place in somebody's ranking; smaller is better. */
interface Placed {
  index: number;
  position: number;
}

/**
 * All choices that a slate tells, from the first of these that it has:
 *  1. the responses' own ranks: one ranking;
 *  2. ranks and winsOver pairs of judgements: one ranking per judge, one choice of two per pair;
 *  3. the responses' own signals, the largest first: one ranking;
 *  4. signals of judgements: one ranking per judge.
 * Of a group only judgements count (2, 4). Judgements without a judge are one judge's.
 * @throws DataError RANKING_AMBIGUOUS when one judge places a response twice
 */
export function slateChoices(slate: Slate, group: string | undefined): Choice[] {
  const own = group === undefined;
  const sources = [
    () => (own ? rankingChoices(ownPlaces(slate, (response) => response.rank)) : []),
    () => [...judgeChoices(slate, group, (judgement) => judgement.rank), ...pairChoices(slate, group)],
    () => (own ? rankingChoices(ownPlaces(slate, ({ signal }) => (signal === undefined ? signal : -signal))) : []),
    () => judgeChoices(slate, group, ({ signal }) => (signal === undefined ? signal : -signal)),
  ];
  for (const source of sources) {
    const choices = source();
    if (choices.length > 0) return choices;
  }
  return [];
}

/** A ranking as choices from what is left: the best of all, the best of the rest, ... The last one left is no choice. */
export function rankingChoices(places: readonly Placed[]): Choice[] {
  const sorted = [...places].sort((a, b) => a.position - b.position);
  const choices: Choice[] = [];
  for (let start = 0; start < sorted.length - 1; ) {
    const rest = sorted.slice(start);
    const chosen = rest.filter(({ position }) => position === rest[0]!.position);
    choices.push({ chosen: chosen.map(({ index }) => index), from: rest.map(({ index }) => index) });
    start += chosen.length;
  }
  return choices;
}

type PositionOf<T> = (item: T) => number | undefined;

function ownPlaces(slate: Slate, positionOf: PositionOf<Slate['responses'][number]>): Placed[] {
  return slate.responses.flatMap((response, index) => {
    const position = positionOf(response);
    return position === undefined ? [] : [{ index, position }];
  });
}

/** One ranking per judge, over the responses that the judge placed. */
function judgeChoices(
  slate: Slate,
  group: string | undefined,
  positionOf: PositionOf<ReturnType<typeof judgementsOf>[number]>,
): Choice[] {
  const placesOfJudge = new Map<string | undefined, Placed[]>();
  for (const [index, response] of slate.responses.entries()) {
    for (const judgement of judgementsOf(response, group)) {
      const position = positionOf(judgement);
      if (position === undefined) continue;
      const places = placesOfJudge.get(judgement.judge) ?? [];
      if (places.at(-1)?.index === index) throw ambiguous(slate, response.id, judgement.judge);
      places.push({ index, position });
      placesOfJudge.set(judgement.judge, places);
    }
  }
  return [...placesOfJudge.values()].flatMap(rankingChoices);
}

function pairChoices(slate: Slate, group: string | undefined): Choice[] {
  const indexOf = new Map(slate.responses.map((response, index) => [response.id, index]));
  return slate.responses.flatMap((response, winner) =>
    judgementsOf(response, group)
      .flatMap(({ winsOver = [] }) => winsOver)
      .map((loser) => ({ chosen: [winner], from: [winner, indexOf.get(loser)!] })),
  );
}

function ambiguous(slate: Slate, response: string, judge: string | undefined): DataError {
  const who =
    judge === undefined ? 'several judgements without a judge' : `several judgements of judge ${describeValue(judge)}`;
  return new DataError(
    'RANKING_AMBIGUOUS',
    `query ${describeValue(slate.id)}, response ${describeValue(response)}: ${who} place it; name a different judge in each`,
  );
}
