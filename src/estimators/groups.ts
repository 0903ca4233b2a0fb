import type { Slate } from '../data/slate.js';
import { UsageError } from '../errors.js';
import { type RewardName, slateReward } from '../reward/index.js';
import type { Selection } from './columns.js';

interface GrowingSelection {
  queries: number[];
  responses: number[];
  rewards: number[];
  /** Judgements, responses or query weights: what the group's share is measured by. */
  mass: number;
}

/** A group of a log. */
export interface LogGroup {
  group: string;
  selection: Selection;
  /** Number of its judgements or responses, or the weight of its queries. */
  mass: number;
}

/**
 * Splits a log into groups while it is read (docs/theory.md section 7), by
 *
 * - 'group': for a group g of judges the slates that g judged, with all responses, unchanged weights and the rewards r^g
 *   of g's judgements alone. Where no judgement of the log has a group but responses have: the sub-slates that authors
 *   of g wrote, with everyone's rewards.
 * - any other name: queries with the same value in this field of the slate, fields of fields with dots (`user.country`);
 *   where no query has it but responses have: the sub-slates of the responses with the same value.
 */
export class GroupCollector {
  readonly #by: string | null;
  readonly #reward: RewardName | undefined;
  readonly #judges = new Map<string, GrowingSelection>();
  readonly #responses = new Map<string, GrowingSelection>();
  readonly #fields = new Map<string, GrowingSelection>();

  constructor(by: string | null, reward: RewardName | undefined) {
    this.#by = by;
    this.#reward = reward;
  }

  /** Adds slate number `query`, whose responses begin at number `firstResponse`. */
  add(slate: Slate, query: number, firstResponse: number): void {
    if (this.#by === null) return;
    if (this.#by === 'group') this.#addJudges(slate, query);
    else this.#addField(slate, query, this.#by);
    this.#addResponses(slate, query, firstResponse, this.#by);
  }

  #addField(slate: Slate, query: number, by: string): void {
    const value = fieldOf(slate, by);
    if (value === undefined) return;
    const known = selection(this.#fields, value);
    known.queries.push(query);
    known.mass += slate.weight ?? 1;
  }

  #addJudges(slate: Slate, query: number): void {
    const judgements = slate.responses.flatMap((response) => response.judgements ?? []);
    for (const { group } of judgements) if (group !== undefined) selection(this.#judges, group).mass++;
    for (const group of new Set(judgements.map((judgement) => judgement.group))) {
      if (group === undefined) continue;
      const reward = slateReward(slate, { reward: this.#reward, group });
      const { queries, rewards } = selection(this.#judges, group);
      queries.push(query);
      for (const value of reward!.rewards) rewards.push(value);
    }
  }

  #addResponses(slate: Slate, query: number, firstResponse: number, by: string): void {
    for (const [k, response] of slate.responses.entries()) {
      const value = fieldOf(response, by);
      if (value === undefined) continue;
      const known = selection(this.#responses, value);
      if (known.queries.at(-1) !== query) known.queries.push(query);
      known.responses.push(firstResponse + k);
      known.mass++;
    }
  }

  /** The groups by name, each as the part of the log that it is. @throws UsageError NO_GROUPS */
  selections(): LogGroup[] {
    if (this.#by === null) return [];
    const found = [this.#fields, this.#judges, this.#responses].find((groups) => groups.size > 0);
    if (found === undefined) {
      const wanted =
        this.#by === 'group'
          ? 'no judgement and no response has a group'
          : `no query and no response has the field "${this.#by}"`;
      throw new UsageError('NO_GROUPS', `The log cannot be split by "${this.#by}": ${wanted}.`);
    }
    return [...found]
      .map(([group, { queries, responses, rewards, mass }]) => ({
        group,
        mass,
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
  const fresh: GrowingSelection = { queries: [], responses: [], rewards: [], mass: 0 };
  groups.set(name, fresh);
  return fresh;
}

/** The value of a field as a name; own fields only. */
function fieldOf(record: object, path: string): string | undefined {
  let value: unknown = Object.hasOwn(record, path) ? (record as Record<string, unknown>)[path] : inside(record, path);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') value = JSON.stringify(value);
  return value as string;
}

function inside(record: object, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => {
    return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
      ? (value as Record<string, unknown>)[name]
      : undefined;
  }, record);
}
