import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { importLog } from '../../../src/data/import.js';
import { runAdapter } from '../../helpers/run-adapter.js';
import { sharedPath } from '../../helpers/shared.js';
import { useTemporaryFolder } from '../../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const run = (files: string[], ...map: string[]) =>
  runAdapter('generic', files, { output: folder.path('log.jsonl'), adapterOptions: { map } });

describe('generic', () => {
  it('brings rows of a query together and fills every field', async () => {
    const header = 'q,p,c,w,r,t,s,k,g,o,l,n';
    const input = await folder.write(
      'raw.csv',
      `${header}\nq1,Why?,c1,2,a,"one, ""two""",3,1,US,yes,-1.5,4\nq2,What?,,,a,x,,,,,,\nq1,Why?,,,b,three,True,2,,,-2,\n`,
    );
    const fields = ['query=q', 'prompt=p', 'cluster=c', 'weight=w', 'response=r', 'text=t', 'signal=s', 'rank=k'];
    const { slates } = await run([input], ...fields, 'group=g', 'opinion=o', 'logprob=l', 'tokens=n');
    expect(slates).toEqual([
      {
        id: 'q1',
        prompt: 'Why?',
        weight: 2,
        cluster: 'c1',
        responses: [
          {
            id: 'a',
            text: 'one, "two"',
            signal: 3,
            rank: 1,
            group: 'US',
            opinion: 'yes',
            logging: { logprob: -1.5, tokens: 4 },
          },
          { id: 'b', text: 'three', signal: 1, rank: 2, logging: { logprob: -2 } },
        ],
      },
      { id: 'q2', prompt: 'What?', responses: [{ id: 'a', text: 'x' }] },
    ]);
  });

  it('reads paths in JSONL, gzip by content, Parquet columns, and several files', async () => {
    const lines = '{"a":{"b":"text"},"n":1,"a.c":"dotted"}\n{"a":"none","n":2}\n';
    const jsonl = await folder.write('raw', gzipSync(lines));
    const { slates } = await run([jsonl, jsonl], 'text=a.b', 'signal=n', 'opinion=a.c');
    expect(slates.map(({ id, responses }) => [id, responses])).toEqual([
      ['1', [{ id: '1', text: 'text', signal: 1, opinion: 'dotted' }]],
      ['2.1', [{ id: '2.1', text: 'text', signal: 1, opinion: 'dotted' }]],
    ]);
    const parquet = join(import.meta.dirname, '../../fixtures/log/nested-zstd.parquet');
    expect((await run([parquet], 'text=id', 'signal=source_row')).slates[0]!.responses[0]).toMatchObject({
      text: 'q1',
      signal: 17,
    });
  });

  it('drops rows that it cannot use, each with its reason', async () => {
    const rows = ['1,,x,0.5', ',a,x,0.5', 'q,a,x,0', 'q,a,x,1.1', 'q,a,x,high', 'q,a,,0.5', 'q,a', 'q,b,x,1', 'q,c,y,'];
    const input = await folder.write('raw.csv', `q,r,t,p\n${rows.join('\n')}\n`);
    const { report, slates } = await run([input], 'query=q', 'response=r', 'text=t', 'propensity=p');
    expect(report.responses.dropped).toEqual({
      'no-response-id': 1,
      'no-query': 1,
      'propensity-is-no-probability': 2,
      'propensity-is-no-number': 1,
      'empty-text': 1,
      'malformed-row': 1,
    });
    expect(slates[0]!.responses).toEqual([
      { id: 'b', text: 'x', logging: { logprob: 0 } },
      { id: 'c', text: 'y' },
    ]);
  });

  it('survives a quote that is never closed', async () => {
    const input = await folder.write('raw.csv', `t\ngood\n"never closed\n${'x\n'.repeat(1000)}`);
    const { report } = await run([input], 'text=t');
    expect(report.responses).toEqual({ read: 2, kept: 1, dropped: { 'malformed-row': 1 } });
    expect(report.warnings[0]).toMatchObject({ code: 'MALFORMED_ROWS' });
  });

  it('warns when rows of a query disagree about its prompt', async () => {
    const input = await folder.write('raw.csv', 'q,p,r,t\na,,0,w\na,One?,1,x\na,Two?,2,y\n');
    const { report, slates } = await run([input], 'query=q', 'prompt=p', 'response=r', 'text=t');
    expect(slates[0]!.prompt).toBe('One?');
    expect(report.warnings).toMatchObject([{ code: 'PROMPTS_DIFFER' }]);
  });

  it.each([
    [[]],
    [['query=q']],
    [['text']],
    [['text=']],
    [['text=t', 'texts=t']],
    [['text=t', 'text=u']],
    [['text=t', 'logprob=a', 'propensity=b']],
  ])('refuses the map %j', async (map) => {
    const input = await folder.write('raw.csv', 't\nx\n');
    await expect(
      importLog('generic', [input], { output: folder.path('log'), adapterOptions: { map } }),
    ).rejects.toMatchObject({ code: 'FIELD_MAP', exitCode: 2 });
  });

  it('names missing columns and text that is not UTF-8', async () => {
    const input = await folder.write('raw.csv', 'a,b\n1,2\n');
    await expect(run([input], 'text=t')).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('raw.csv:1: expected the columns t, got a, b; missing: t'),
    });
    const latin = await folder.write('latin.csv', Buffer.from('t\ncaf\u00e9\n', 'latin1'));
    await expect(run([latin], 'text=t')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  for (const logger of ['bts', 'random']) {
    const path = sharedPath(`data/open_bandit/${logger}/men/men.csv.gz`);
    it.skipIf(path === null)(`imports the open bandit log of ${logger} with its propensities`, async () => {
      const { report, slates } = await run(
        [path!],
        'response=item_id',
        'text=item_id',
        'signal=click',
        'propensity=propensity_score',
      );
      expect(report.responses).toEqual({ read: 5000, kept: 5000, dropped: {} });
      expect(slates.every(({ responses }) => responses.length === 1 && responses[0]!.logging!.logprob < 0)).toBe(true);
      if (logger === 'random') {
        for (const { responses } of slates) expect(responses[0]!.logging!.logprob).toBeCloseTo(Math.log(1 / 34), 4);
      }
    });
  }
});
