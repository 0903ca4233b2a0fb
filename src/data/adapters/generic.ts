import type { LoggedPropensity } from '../slate.js';
import type { Adapter, ImportContext, RawResponse, RawSlate } from './adapter.js';
import { FieldMap, MAPPED_FIELDS, UnusableRow } from './field-map.js';
import { rowId } from './fields.js';
import { groupRows, type ReadKeyed } from './group-rows.js';
import { type Row, readRows } from './rows.js';
import { readSqlRows } from './sql-rows.js';

/** What a row says of its query and of its response. */
interface MappedRow {
  query: Partial<Pick<RawSlate, 'prompt' | 'weight' | 'cluster'>>;
  response: RawResponse;
}

/** Any table of responses with a field map. */
export const generic: Adapter = {
  name: 'generic',
  description: 'any table with one response per row, by a field map',
  files: 'CSV with a header, JSONL or Parquet; with --sql also databases of DuckDB',
  minSlate: 1,
  promptTemplate: 'Query {id}',
  options: [
    {
      name: 'map',
      argument: 'FIELD=COLUMN',
      description:
        `which column (JSONL: path such as a.b) is which field: ${MAPPED_FIELDS.join(', ')}; without query every row ` +
        'is a query of its own; propensity is a probability, of which the log is taken',
      repeatable: true,
    },
    {
      name: 'sql',
      argument: 'QUERY',
      description:
        'rows are those of a query by DuckDB (npm install @duckdb/node-api), of the tables of a database or of the table `file`',
    },
  ],
  async *read(files, context) {
    const map = new FieldMap(context.optionValues('map'));
    for await (const [id, rows] of groupRows(files, context, rowReader(map, context))) {
      // What rows say of their query they should all say alike; the first to say it counts.
      const query: MappedRow['query'] = {};
      for (const row of [...rows].reverse()) Object.assign(query, row.query);
      if (rows.some((row) => row.query.prompt !== undefined && row.query.prompt !== query.prompt)) {
        context.warn(
          'PROMPTS_DIFFER',
          `query ${JSON.stringify(id)}: its rows have different prompts; the first counts`,
        );
      }
      yield { id, ...query, responses: rows.map(({ response }) => response) };
    }
  },
};

function rowReader(map: FieldMap, context: ImportContext): ReadKeyed<MappedRow> {
  const sql = context.option('sql');
  return async function* (file, index) {
    let number = 0;
    const rows = sql === undefined ? readRows(file, map.columns, context) : readSqlRows(file, sql, context);
    for await (const row of rows) {
      const place = rowId(index, ++number);
      try {
        yield [queryOf(row, place, map), mappedRow(row, place, map)];
      } catch (error) {
        if (!(error instanceof UnusableRow)) throw error;
        context.drop(error.message);
      }
    }
  };
}

function queryOf(row: Row, place: string, map: FieldMap): string {
  const query = map.has('query') ? map.text(row, 'query') : place;
  if (query === undefined) throw new UnusableRow('no-query');
  return query;
}

function mappedRow(row: Row, place: string, map: FieldMap): MappedRow {
  const response = map.has('response') ? map.text(row, 'response') : place;
  if (response === undefined) throw new UnusableRow('no-response-id');
  return {
    query: defined({
      prompt: map.text(row, 'prompt'),
      weight: checked(map.number(row, 'weight'), (weight) => weight >= 0, 'weight-is-negative'),
      cluster: map.text(row, 'cluster'),
    }),
    response: {
      id: response,
      text: map.text(row, 'text') ?? '',
      ...defined({
        signal: map.number(row, 'signal'),
        rank: checked(map.number(row, 'rank'), (rank) => Number.isInteger(rank) && rank >= 1, 'rank-is-below-1'),
        group: map.text(row, 'group'),
        opinion: map.text(row, 'opinion'),
        logging: propensity(row, map),
      }),
    },
  };
}

function propensity(row: Row, map: FieldMap): LoggedPropensity | undefined {
  const probability = checked(map.number(row, 'propensity'), (p) => p > 0 && p <= 1, 'propensity-is-no-probability');
  const logprob = probability === undefined ? map.number(row, 'logprob') : Math.log(probability);
  if (logprob === undefined) return undefined;
  const tokens = checked(map.number(row, 'tokens'), (t) => Number.isInteger(t) && t >= 1, 'tokens-is-below-1');
  return {
    logprob: checked(logprob, (value) => value <= 0, 'logprob-is-above-0')!,
    ...defined({ tokens }),
  };
}

function checked(value: number | undefined, good: (value: number) => boolean, reason: string): number | undefined {
  if (value !== undefined && !good(value)) throw new UnusableRow(reason);
  return value;
}

/** Without the fields that are undefined, which would hide those of other rows. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
