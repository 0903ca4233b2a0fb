import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { studyTable } from '../../../src/experiments/study/table.js';

const path = new URL('../../../docs/schemas/study.schema.json', import.meta.url);

/** After a change of src/experiments/study/table.ts run this test with POPE_UPDATE_SCHEMAS=1, then the formatter. */
it('docs/schemas/study.schema.json is the schema of table.json', () => {
  const schema = { title: 'pope experiment --json', ...z.toJSONSchema(studyTable) };
  if (process.env.POPE_UPDATE_SCHEMAS) writeFileSync(path, `${JSON.stringify(schema, null, 2)}\n`);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(schema);
});
