import { open } from 'node:fs/promises';
import { DataError, describeError, UnavailableError } from '../../errors.js';
import type { InputFile } from '../input.js';
import type { ImportContext } from './adapter.js';
import type { Row } from './rows.js';

/** The part of @duckdb/node-api that is used: an optional peer of 70 MB, which is loaded only where it is asked for. */
interface DuckDb {
  DuckDBInstance: {
    create(
      path: string,
      options: Record<string, string>,
    ): Promise<{ connect(): Promise<Connection>; closeSync(): void }>;
  };
}

interface Connection {
  run(sql: string): Promise<unknown>;
  /** Rows come in chunks, with texts for numbers that JSON may not hold. */
  stream(sql: string): Promise<{ yieldRowObjectJson(): AsyncIterable<Row[]> }>;
  closeSync(): void;
}

const MODULE = '@duckdb/node-api';

/**
 * The rows that a query gives, by DuckDB: of the tables of a database file, which is opened for reading alone, or of the
 * table `file`, which is any other file that DuckDB reads (CSV, JSON, Parquet).
 *
 * @throws UnavailableError DUCKDB_MISSING where it is not installed; DataError INPUT_INVALID for what DuckDB refuses
 */
export async function* readSqlRows(
  file: InputFile,
  sql: string,
  context: Pick<ImportContext, 'onRow'>,
): AsyncGenerator<Row> {
  const { DuckDBInstance } = await loadDuckDb();
  const isDatabase = await startsAsDatabase(file.path);
  const options: Record<string, string> = isDatabase ? { access_mode: 'READ_ONLY' } : {};
  const refused = (error: unknown) =>
    new DataError('INPUT_INVALID', `${file.name}: the query of --sql fails: ${describeError(error)}`, { cause: error });
  const instance = await DuckDBInstance.create(isDatabase ? file.path : ':memory:', options).catch((error: unknown) => {
    throw refused(error);
  });
  const connection = await instance.connect();
  try {
    const rows = await query(connection, isDatabase ? null : file.path, sql).catch((error: unknown) => {
      throw refused(error);
    });
    for await (const chunk of rows.yieldRowObjectJson()) {
      for (const row of chunk) {
        context.onRow();
        yield row;
      }
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function query(connection: Connection, path: string | null, sql: string) {
  if (path !== null) await connection.run(`CREATE VIEW file AS SELECT * FROM '${path.replaceAll("'", "''")}'`);
  return connection.stream(sql);
}

async function loadDuckDb(): Promise<DuckDb> {
  try {
    return (await import(MODULE)) as DuckDb;
  } catch (error) {
    const todo = `npm install ${MODULE}`;
    throw new UnavailableError('DUCKDB_MISSING', `--sql needs DuckDB, which is not installed: ${todo}`, {
      cause: error,
    });
  }
}

/** Whether a file is a database of DuckDB: "DUCK" stands at its byte 8. */
async function startsAsDatabase(path: string): Promise<boolean> {
  const handle = await open(path);
  try {
    const { buffer } = await handle.read(Buffer.alloc(12), 0, 12, 0);
    return buffer.toString('latin1', 8, 12) === 'DUCK';
  } finally {
    await handle.close();
  }
}
