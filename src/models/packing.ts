import { isLong } from './rope.js';
import type { RopeConfig } from './rope-config.js';

/** A query's prompt and the responses to score, as token ids. Ids are taken as given: no end token is added. */
export interface TokenSlate {
  prompt: ArrayLike<number>;
  responses: readonly ArrayLike<number>[];
}

/** Some responses of one slate that share one pass over its prompt: one packed sequence [prompt | a_1 | .. | a_K]. */
export interface Pack {
  slate: number;
  /** Indices into the slate's responses. */
  responses: number[];
  /** Whether its positions are rotated by longrope's long factors. */
  long: boolean;
  /** Rows that it takes in a batch. */
  rows: number;
}

export interface PlanOptions {
  /** Rows per batch. A slate of up to twice as many is a batch of its own; a larger one is split into several packs. */
  batchTokens: number;
  /** false: every response has its own pass over the prompt. */
  packed: boolean;
  rope: RopeConfig | null;
}

/** The last token of a response is only predicted, never run. */
function responseRows(response: ArrayLike<number>): number {
  return response.length - 1;
}

/**
 * Groups slates into batches of packs: a pure function of the slates, their order and the options, so that scores do not
 * depend on where work was interrupted. Slates keep their order; a batch is closed when the next pack does not fit.
 */
export function planBatches(slates: readonly TokenSlate[], options: PlanOptions): Pack[][] {
  const batches: Pack[][] = [];
  let batch: Pack[] = [];
  let rows = 0;
  for (const pack of slates.flatMap((slate, index) => packsOf(slate, index, options))) {
    if (batch.length > 0 && rows + pack.rows > options.batchTokens) {
      batches.push(batch);
      batch = [];
      rows = 0;
    }
    batch.push(pack);
    rows += pack.rows;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

function packsOf(slate: TokenSlate, index: number, { batchTokens, packed, rope }: PlanOptions): Pack[] {
  const prompt = slate.prompt.length;
  // The factor of longrope goes by each response's full length: short and long ones cannot share a prompt pass.
  const long = slate.responses.map((response) => rope !== null && isLong(rope, prompt + response.length));
  const groups = [false, true].map((kind) => slate.responses.flatMap((_, k) => (long[k] === kind ? [k] : [])));
  const rowsOf = (responses: number[]) => responses.reduce((sum, k) => sum + responseRows(slate.responses[k]!), prompt);
  return groups.flatMap((group) => {
    const limit = !packed ? 0 : rowsOf(group) > 2 * batchTokens ? batchTokens : Number.POSITIVE_INFINITY;
    const packs: Pack[] = [];
    for (const k of group) {
      const last = packs.at(-1);
      const more = responseRows(slate.responses[k]!);
      if (last && last.rows + more <= limit) {
        last.responses.push(k);
        last.rows += more;
      } else {
        packs.push({ slate: index, responses: [k], long: long[k]!, rows: prompt + more });
      }
    }
    return packs;
  });
}

/** Scores of one response: `count` consecutive head rows from `start`. */
export interface HeadSpan {
  slate: number;
  response: number;
  start: number;
  count: number;
}

/**
 * A batch as the model runs it: packs one after the other, no padding. Row t of `ids` stands at `positions[t]`;
 * `segments` are the rows of docs/native-ops.md. Head row j takes hidden row `headRows[j]` and predicts `targets[j]`.
 */
export interface PackedBatch {
  ids: Int32Array;
  positions: Int32Array;
  /** 1 where a row is rotated by longrope's long factors. */
  longRows: Uint8Array;
  /** [rows, 3]: slate, response (0 the prompt, else 1 + its index) and token of each row. */
  places: Int32Array;
  segments: Int32Array;
  headRows: Int32Array;
  targets: Int32Array;
  spans: HeadSpan[];
  /** Tokens of the longest prompt with its response, the last one included although it is not run. */
  length: number;
}

/**
 * Lays out the rows of a batch. Positions restart after the prompt for every response.
 *
 * @param firstSlate the place that is said of the first slate
 */
export function layOut(slates: readonly TokenSlate[], batch: readonly Pack[], firstSlate = 0): PackedBatch {
  const rows = batch.reduce((sum, pack) => sum + pack.rows, 0);
  const predicted = batch.reduce(
    (sum, pack) => sum + pack.responses.reduce((count, k) => count + slates[pack.slate]!.responses[k]!.length, 0),
    0,
  );
  const ids = new Int32Array(rows);
  const positions = new Int32Array(rows);
  const longRows = new Uint8Array(rows);
  const places = new Int32Array(3 * rows);
  const headRows = new Int32Array(predicted);
  const targets = new Int32Array(predicted);
  const segments: number[] = [];
  const spans: HeadSpan[] = [];
  let row = 0;
  let head = 0;
  let length = 0;
  for (const pack of batch) {
    const slate = slates[pack.slate]!;
    const promptStart = row;
    const promptEnd = row + slate.prompt.length;
    const place = (tokens: ArrayLike<number>, count: number, position: number, part: number) => {
      for (let t = 0; t < count; t++, row++) {
        ids[row] = tokens[t]!;
        positions[row] = position + t;
        longRows[row] = pack.long ? 1 : 0;
        places.set([firstSlate + pack.slate, part, t], 3 * row);
      }
    };
    place(slate.prompt, slate.prompt.length, 0, 0);
    segments.push(promptStart, promptEnd, promptStart, promptStart);
    for (const k of pack.responses) {
      const response = slate.responses[k]!;
      const start = row;
      place(response, responseRows(response), slate.prompt.length, 1 + k);
      length = Math.max(length, slate.prompt.length + response.length);
      if (row > start) segments.push(start, row, promptStart, promptEnd);
      spans.push({ slate: pack.slate, response: k, start: head, count: response.length });
      // The last row of the prompt predicts the first token; row t of the response predicts token t + 1.
      for (let t = 0; t < response.length; t++, head++) {
        headRows[head] = t === 0 ? promptEnd - 1 : start + t - 1;
        targets[head] = response[t]!;
      }
    }
  }
  return { ids, positions, longRows, places, segments: Int32Array.from(segments), headRows, targets, spans, length };
}
