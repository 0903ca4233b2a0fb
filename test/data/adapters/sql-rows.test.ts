import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { importLog } from '../../../src/data/import.js';
import { useTemporaryFolder } from '../../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const MODULE = '@duckdb/node-api';
const installed = await import(MODULE).then(
  () => true,
  () => false,
);

let csv: string;
const run = async (sql: string, file = csv) => {
  const output = folder.path('log.jsonl');
  const map = ['query=thread', 'text=comment', 'signal=likes'];
  const report = await importLog('generic', [file], { output, adapterOptions: { sql, map } });
  return { report, log: readFileSync(output, 'utf8') };
};

beforeEach(async () => {
  csv = await folder.write('votes.csv', 'thread,comment,n\n1,yes,2\n1,yes,3\n1,no,1\n2,never,4\n');
});

describe.skipIf(installed)('without DuckDB', () => {
  it('--sql says how to get it', async () => {
    await expect(run('SELECT 1')).rejects.toMatchObject({
      code: 'DUCKDB_MISSING',
      exitCode: 4,
      message: expect.stringContaining('npm install @duckdb/node-api'),
    });
  });
});

describe.skipIf(!installed)('with DuckDB', () => {
  it('--sql gives the rows of a file', async () => {
    const sql = 'SELECT thread, comment, sum(n) AS likes FROM file GROUP BY ALL ORDER BY ALL';
    const { report, log } = await run(sql);
    expect(report).toMatchObject({ rows: 3, queries: { kept: 2 }, responses: { kept: 3 } });
    expect(log).toMatch(/"text":"yes","signal":5/);
  });

  it('or of a database, which is not written to', async () => {
    const { DuckDBInstance } = await import(MODULE);
    const path = folder.path('votes.duckdb');
    const database = await DuckDBInstance.create(path);
    const connection = await database.connect();
    await connection.run("CREATE TABLE votes AS SELECT '7' AS thread, 'well' AS comment, 2.5 AS likes");
    connection.closeSync();
    database.closeSync();
    expect((await run('FROM votes', path)).log).toMatch(/"id":"7".*"text":"well","signal":2.5/);
    await expect(run('DROP TABLE votes', path)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('a query that fails says why', async () => {
    await expect(run('SELECT nothing FROM file')).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(/the query of --sql fails: .*nothing/),
    });
  });
});
