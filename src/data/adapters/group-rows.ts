/** Brings together the rows of a query wherever they stand in the raw data, in bounded memory. */
import type { InputFile } from '../input.js';
import type { ImportContext, RawResponse, RawSlate } from './adapter.js';

/** Reads one raw file, given also by its index, as rows by key. The same file gives the same rows every time. */
export type ReadKeyed<T> = (file: InputFile, index: number) => AsyncIterable<readonly [key: string, row: T]>;

/** What a raw row says of a slate: of its query, of responses, or of both. */
export interface SlatePart {
  query?: Partial<RawSlate>;
  responses?: PartialResponse[];
}

/** What a raw row says of a response; its text may stand in another row. */
export type PartialResponse = Partial<RawResponse> & Pick<RawResponse, 'id'>;

export interface SlateOptions {
  /** Rows that name the same response tell of one: the first to name a field counts, judgements add up. */
  merge?: boolean | undefined;
  /** Responses without any signal go from slates where others have one, because no reward could be made of such a slate. */
  judged?: boolean | undefined;
}

/** The slates that rows are parts of. Of a query the first row to name a field counts. */
export async function* groupSlates(
  files: readonly InputFile[],
  context: ImportContext,
  read: ReadKeyed<SlatePart>,
  { merge = false, judged = false }: SlateOptions = {},
): AsyncGenerator<RawSlate> {
  for await (const [id, parts] of groupRows(files, context, read)) {
    const query: SlatePart['query'] = {};
    for (const part of [...parts].reverse()) Object.assign(query, part.query);
    const responses = parts.flatMap((part) => part.responses ?? []);
    const merged = merge ? mergeResponses(id, responses, context) : responses;
    const whole = judged ? dropUnjudged(merged, context) : merged;
    yield { id, ...query, responses: whole.map((response) => ({ ...response, text: response.text ?? '' })) };
  }
}

function dropUnjudged(responses: PartialResponse[], context: ImportContext): PartialResponse[] {
  const left = responses.filter(({ signal, judgements = [] }) => signal !== undefined || judgements.length > 0);
  if (left.length === 0) return responses;
  if (left.length < responses.length) context.drop('not-judged', responses.length - left.length);
  return left;
}

function mergeResponses(query: string, responses: PartialResponse[], context: ImportContext): PartialResponse[] {
  const merged = new Map<string, PartialResponse>();
  for (const response of responses) {
    const before = merged.get(response.id);
    if (before === undefined) {
      merged.set(response.id, { ...response });
      continue;
    }
    if (before.text !== undefined && response.text !== undefined && words(before.text) !== words(response.text)) {
      const place = `query ${JSON.stringify(query)}, response ${JSON.stringify(response.id)}`;
      context.warn('TEXTS_DIFFER', `${place}: its rows have different texts; the first counts`);
    }
    const judgements = [...(before.judgements ?? []), ...(response.judgements ?? [])];
    Object.assign(before, { ...response, ...before }, judgements.length > 0 ? { judgements } : {});
  }
  return [...merged.values()];
}

function words(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

/**
 * Groups rows (JSON values) by key, in the order in which keys first appear as long as all of them fit into the memory that
 * the context grants; beyond that they are spread over files on disk by a hash of their key, and the groups come file by file.
 * Either way the order depends on the rows alone. An import that was stopped does not read again what is on disk.
 */
export async function* groupRows<T>(
  files: readonly InputFile[],
  context: ImportContext,
  read: ReadKeyed<T>,
): AsyncGenerator<[key: string, rows: T[]]> {
  const { spill, maxCharacters } = context;
  const begun = spill.position;
  if (begun !== null) context.restore(begun.counts);
  let pending: string[] = [];
  let characters = 0;
  for (let index = begun?.file ?? 0; index < files.length; index++) {
    const counts = context.counts();
    const done = index === begun?.file ? begun.rows : 0;
    let rows = 0;
    for await (const keyed of read(files[index]!, index)) {
      if (++rows <= done) continue;
      const line = JSON.stringify(keyed);
      pending.push(line);
      characters += line.length;
      if (characters <= maxCharacters) continue;
      await spill.add(pending, { file: index, rows, counts });
      pending = [];
      characters = 0;
    }
  }
  if (spill.position === null) {
    yield* grouped<T>(pending);
  } else {
    if (begun?.file !== files.length)
      await spill.add(pending, { file: files.length, rows: 0, counts: context.counts() });
    pending = [];
    for await (const lines of spill.partitions()) yield* grouped<T>(lines);
  }
}

function* grouped<T>(lines: Iterable<string>): Generator<[key: string, rows: T[]]> {
  const linesOfKey = new Map<string, string[]>();
  for (const line of lines) {
    const [key] = JSON.parse(line) as [string, T];
    const group = linesOfKey.get(key);
    if (group === undefined) linesOfKey.set(key, [line]);
    else group.push(line);
  }
  for (const [key, group] of linesOfKey) yield [key, group.map((line) => (JSON.parse(line) as [string, T])[1])];
}
