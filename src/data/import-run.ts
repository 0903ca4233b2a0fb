import { DataError, describeValue, UsageError } from '../errors.js';
import type {
  Adapter,
  AdapterOption,
  ImportContext,
  ImportCounts,
  ImportWarning,
  RawResponse,
  RawSlate,
} from './adapters/adapter.js';
import type { QueryText } from './adapters/prompts.js';
import type { Spill } from './adapters/spill.js';
import { validateSlate } from './schema.js';
import type { Judgement, LoggedResponse, Slate } from './slate.js';
import { applyRules, type SlateRules } from './slate-rules.js';

/** read = kept + the sum of dropped. */
export interface Tally {
  read: number;
  kept: number;
  dropped: Record<string, number>;
}

/** What an import kept, and what it dropped for which reason. */
export interface ImportReport {
  adapter: string;
  output: string;
  /** Records of the raw files. */
  rows: number;
  queries: Tally;
  responses: Tally;
  warnings: ImportWarning[];
}

/** An adapter's own options by name. */
export type AdapterOptionValues = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Counts of one import, and what its adapter may ask. */
/** Files that begin with so many rows of another form are other files. */
const MAX_BAD_ROWS = 10_000;

export class ImportRun implements ImportContext {
  readonly report: ImportReport;
  readonly #options: ReadonlyMap<string, readonly string[]>;
  readonly #ids = new Set<string>();
  /** Rows from the first on that are malformed. */
  #badRows = 0;

  constructor(
    adapter: Adapter,
    output: string,
    options: AdapterOptionValues,
    readonly spill: Spill<ImportCounts>,
    readonly maxCharacters: number,
    private readonly onEveryRow: (rows: number) => void,
  ) {
    this.#options = checkedOptions(adapter, options);
    this.report = {
      adapter: adapter.name,
      output,
      rows: 0,
      queries: { read: 0, kept: 0, dropped: {} },
      responses: { read: 0, kept: 0, dropped: {} },
      warnings: [],
    };
  }

  option(name: string): string | undefined {
    return this.#options.get(name)?.at(-1);
  }

  optionValues(name: string): readonly string[] {
    return this.#options.get(name) ?? [];
  }

  drop(reason: string, count = 1): void {
    this.report.responses.read += count;
    this.#dropResponses(reason, count);
    if (reason === 'malformed-row') this.#countBadRow();
  }

  /** Ends the import where row after row, from the first on, is malformed. */
  #countBadRow(): void {
    const { rows, warnings } = this.report;
    if (this.#badRows === rows - 1) this.#badRows = rows;
    if (this.#badRows < MAX_BAD_ROWS || this.#badRows < rows) return;
    const first = warnings.find(({ code }) => code === 'MALFORMED_ROWS')?.message ?? '';
    throw new DataError(
      'INPUT_INVALID',
      `${first}; so were all of the first ${rows}: are these files for the adapter ${this.report.adapter}?`,
    );
  }

  warn(code: string, message: string): void {
    if (this.report.warnings.every((warning) => warning.code !== code)) this.report.warnings.push({ code, message });
  }

  onRow(): void {
    this.onEveryRow(++this.report.rows);
  }

  counts(): ImportCounts {
    const { rows, responses, warnings } = this.report;
    return { rows, dropped: { ...responses.dropped }, warnings: [...warnings] };
  }

  restore({ rows, dropped, warnings }: ImportCounts): void {
    this.report.rows = rows;
    for (const [reason, count] of Object.entries(dropped)) this.drop(reason, count);
    for (const { code, message } of warnings) this.warn(code, message);
  }

  /** The slate as it goes into the log; null when it does not. */
  toSlate(raw: RawSlate, rules: SlateRules, queryText: QueryText): Slate | null {
    const { queries, responses } = this.report;
    queries.read++;
    responses.read += raw.responses.length;
    const kept = applyRules(raw, rules, (reason, count) => this.#dropResponses(reason, count));
    const slate = this.#checked(raw, kept, rules, queryText);
    if (slate === null) {
      this.#dropResponses('slate-dropped', kept.length);
      return null;
    }
    this.#ids.add(slate.id);
    queries.kept++;
    responses.kept += kept.length;
    return slate;
  }

  #checked(raw: RawSlate, kept: RawResponse[], rules: SlateRules, queryText: QueryText): Slate | null {
    if (kept.length < rules.minSlate) return this.#dropQuery('below-min-slate');
    if (this.#ids.has(raw.id)) return this.#dropQuery('duplicate-id');
    const { id, prompt, messages, responses: _, ...fields } = raw;
    const query = messages !== undefined ? { messages } : { prompt: prompt?.trim() ? prompt : queryText.of(id) };
    const responses = kept.map((response) => toLogged(response, kept));
    try {
      return validateSlate({ id, ...query, responses, ...fields }, `query ${describeValue(id)}`);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      this.warn('INVALID_SLATES', `slates that a log cannot hold were dropped; the first: ${error.message}`);
      return this.#dropQuery('invalid');
    }
  }

  #dropQuery(reason: string): null {
    const { dropped } = this.report.queries;
    dropped[reason] = (dropped[reason] ?? 0) + 1;
    return null;
  }

  #dropResponses(reason: string, count: number): void {
    if (count === 0) return;
    const { dropped } = this.report.responses;
    dropped[reason] = (dropped[reason] ?? 0) + count;
  }
}

/** As the log has it, without comparisons to responses that were dropped. */
function toLogged({ deleted: _, judgements, ...response }: RawResponse, kept: readonly RawResponse[]): LoggedResponse {
  const left = (judgements ?? [])
    .map(({ winsOver, ...judgement }) => {
      const losers = winsOver?.filter((loser) => kept.some(({ id }) => id === loser)) ?? [];
      return losers.length > 0 ? { ...judgement, winsOver: losers } : judgement;
    })
    .filter(
      ({ signal, rank, winsOver }: Judgement) => signal !== undefined || rank !== undefined || winsOver !== undefined,
    );
  return { ...response, ...(left.length > 0 ? { judgements: left } : {}) } as LoggedResponse;
}

/** The adapter's options with defaults; each value an array. */
function checkedOptions(adapter: Adapter, given: AdapterOptionValues): Map<string, readonly string[]> {
  const known = new Map(adapter.options.map((option) => [option.name, option]));
  for (const name of Object.keys(given)) {
    if (!known.has(name)) throw new UsageError('ADAPTER_OPTION', `${adapter.name}: there is no option --${name}`);
  }
  const values = new Map<string, readonly string[]>();
  for (const option of adapter.options) {
    const value = given[option.name] ?? option.default;
    if (value !== undefined) values.set(option.name, checkedValues(adapter, option, value));
  }
  return values;
}

function checkedValues(adapter: Adapter, option: AdapterOption, value: string | readonly string[]): readonly string[] {
  const values = typeof value === 'string' ? [value] : value;
  const wrong = values.find((each) => option.choices !== undefined && !option.choices.includes(each));
  if (wrong === undefined) return values;
  throw new UsageError(
    'ADAPTER_OPTION',
    `${adapter.name}: --${option.name}: expected ${option.choices!.join(' or ')}, got ${describeValue(wrong)}`,
  );
}
