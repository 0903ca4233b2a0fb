import type { Slate } from '../data/slate.js';
import { UsageError } from '../errors.js';
import { type RewardName, slateReward } from '../reward/index.js';
import type { Selection } from './columns.js';

interface GrowingSelection {
  queries: number[];
  responses: number[];
  rewards: number[];
}

/**
 * Splits a log into groups while it is read (docs/theory.md section 7), by
 *
 * - 'group': for a group g of judges the slates that g judged, with all responses, unchanged weights and the rewards r^g
 *   of g's judgements alone. Where no judgement of the log has a group but responses have: the sub-slates that authors
 *   of g wrote, with everyone's rewards.
 * - any other name: queries with the same value in this top-level field of the slate.
 */
export class GroupCollector {
  readonly #by: string | null;
  readonly #reward: RewardName | undefined;
  readonly #judges = new Map<string, GrowingSelection>();
  readonly #authors = new Map<string, GrowingSelection>();
  readonly #fields = new Map<string, GrowingSelection>();

  constructor(by: string | null, reward: RewardName | undefined) {
    this.#by = by;
    this.#reward = reward;
  }

  /** Adds slate number `query`, whose responses begin at number `firstResponse`. */
  add(slate: Slate, query: number, firstResponse: number): void {
    if (this.#by === 'group') {
      this.#addJudges(slate, query);
      this.#addAuthors(slate, query, firstResponse);
    } else if (this.#by !== null) {
      const value = slate[this.#by];
      if (value !== undefined && value !== null) selection(this.#fields, fieldName(value)).queries.push(query);
    }
  }

  #addJudges(slate: Slate, query: number): void {
    const judgements = slate.responses.flatMap((response) => response.judgements ?? []);
    for (const group of new Set(judgements.map((judgement) => judgement.group))) {
      if (group === undefined) continue;
      const reward = slateReward(slate, { reward: this.#reward, group });
      const { queries, rewards } = selection(this.#judges, group);
      queries.push(query);
      for (const value of reward!.rewards) rewards.push(value);
    }
  }

  #addAuthors(slate: Slate, query: number, firstResponse: number): void {
    for (const [k, { group }] of slate.responses.entries()) {
      if (group === undefined) continue;
      const { queries, responses } = selection(this.#authors, group);
      if (queries.at(-1) !== query) queries.push(query);
      responses.push(firstResponse + k);
    }
  }

  /** The groups by name, each as the part of the log that it is. @throws UsageError NO_GROUPS */
  selections(): { group: string; selection: Selection }[] {
    if (this.#by === null) return [];
    const found = [this.#fields, this.#judges, this.#authors].find((groups) => groups.size > 0);
    if (found === undefined) {
      const wanted =
        this.#by === 'group' ? 'no judgement and no response has a group' : `no query has the field "${this.#by}"`;
      throw new UsageError('NO_GROUPS', `The log cannot be split by "${this.#by}": ${wanted}.`);
    }
    return [...found]
      .map(([group, { queries, responses, rewards }]) => ({
        group,
        selection: {
          queries,
          ...(responses.length > 0 ? { responses } : {}),
          ...(rewards.length > 0 ? { rewards } : {}),
        },
      }))
      .sort((a, b) => (a.group < b.group ? -1 : 1));
  }
}

function selection(groups: Map<string, GrowingSelection>, name: string): GrowingSelection {
  const known = groups.get(name);
  if (known) return known;
  const fresh: GrowingSelection = { queries: [], responses: [], rewards: [] };
  groups.set(name, fresh);
  return fresh;
}

function fieldName(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
