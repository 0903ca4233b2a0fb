import { readFile, stat } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { importLog } from '../../src/data/import.js';
import { runAdapter } from '../helpers/run-adapter.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const map = (...entries: string[]) => ({ adapterOptions: { map: entries } });
const columns = map('query=q', 'text=t', 'response=r', 'prompt=p');
const table = 'q,r,t,p\na,1,one,Why?\nb,2,two,\na,3,three,Why?\n';

describe('importLog', () => {
  it('fills in texts of queries from --prompts, then from the template, and says so', async () => {
    const input = await folder.write('raw.csv', 'q,r,t,p\na,1,x,\nb,2,x,\nc,3,x,Given\n');
    const prompts = [
      await folder.write('prompts.json', '{"a": "From JSON"}'),
      await folder.write('prompts.csv', '\uFEFFid,text\na,"From JSON"\n'),
    ];
    for (const path of prompts) {
      const { report, slates } = await runAdapter('generic', [input], {
        output: folder.path('log.jsonl'),
        prompts: path,
        promptTemplate: 'Review {id} and {id}: $&',
        ...columns,
      });
      expect(slates.map(({ prompt }) => prompt)).toEqual(['From JSON', 'Review b and b: $&', 'Given']);
      expect(report.warnings).toEqual([
        { code: 'NO_PROMPT_TEXT', message: expect.stringContaining('1 queries have no text; they got the template') },
      ]);
    }
    for (const bad of ['{"a": 1}', '{', 'name,text\na,b\n']) {
      const path = await folder.write('bad', bad);
      await expect(
        importLog('generic', [input], { output: folder.path('x'), prompts: path, ...columns }),
      ).rejects.toMatchObject({ code: 'PROMPTS_INVALID', exitCode: 3 });
    }
  });

  it('drops slates that are too small and counts their responses', async () => {
    const input = await folder.write('raw.csv', table);
    const output = folder.path('log.jsonl');
    const { report, slates } = await runAdapter('generic', [input], { output, minSlate: 2, ...columns });
    expect(slates.map(({ id }) => id)).toEqual(['a']);
    expect(report).toMatchObject({
      queries: { read: 2, kept: 1, dropped: { 'below-min-slate': 1 } },
      responses: { read: 3, kept: 2, dropped: { 'slate-dropped': 1 } },
    });
  });

  it('drops what a log cannot hold instead of writing it', async () => {
    const input = await folder.write(
      'raw.jsonl',
      '{"q":"a","r":"1","t":"\\ud800"}\n{"q":"b","r":"1","t":"fine"}\n[1]\n{\n',
    );
    const output = folder.path('log.jsonl');
    const { report, slates } = await runAdapter('generic', [input], { output, ...columns });
    expect(slates.map(({ id }) => id)).toEqual(['b']);
    expect(report.queries.dropped).toEqual({ invalid: 1 });
    expect(report.responses.dropped).toEqual({ 'malformed-row': 2, 'slate-dropped': 1 });
    expect(report.warnings.map(({ code }) => code).sort()).toEqual([
      'INVALID_SLATES',
      'MALFORMED_ROWS',
      'NO_PROMPT_TEXT',
    ]);
  });

  it('writes gzip, and nothing at all when it fails', async () => {
    const input = await folder.write('raw.csv', table);
    const zipped = folder.path('log.jsonl.gz');
    await importLog('generic', [input], { output: zipped, ...columns });
    expect(
      gunzipSync(await readFile(zipped))
        .toString()
        .split('\n'),
    ).toHaveLength(3);

    const empty = await folder.write('empty.csv', 'q,r,t,p\n');
    const output = folder.path('log.jsonl');
    await expect(importLog('generic', [empty], { output, ...columns })).rejects.toMatchObject({ code: 'IMPORT_EMPTY' });
    const stop = AbortSignal.abort(new Error('stopped'));
    await expect(importLog('generic', [input], { output, signal: stop, ...columns })).rejects.toThrow('stopped');
    await expect(importLog('generic', [folder.path('none')], { output, ...columns })).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
    });
    await expect(stat(output)).rejects.toThrow('ENOENT');
  });

  it('refuses options that make no sense', async () => {
    const input = await folder.write('raw.csv', table);
    const output = folder.path('log.jsonl');
    const code = (name: string, options: object) =>
      importLog(name, [input], { output, ...options }).then(
        () => 'none',
        (error) => [error.code, error.exitCode],
      );
    expect(await code('reddit', {})).toEqual(['ADAPTER_UNKNOWN', 2]);
    expect(await code('generic', { ...columns, minSlate: 0 })).toEqual(['SLATE_SIZE', 2]);
    expect(await code('generic', { ...columns, minSlate: 3, maxSlate: 2 })).toEqual(['SLATE_SIZE', 2]);
    expect(await code('oasst', { adapterOptions: { signal: 'x' } })).toEqual(['ADAPTER_OPTION', 2]);
    expect(await code('amazon-fine-food', { adapterOptions: { signal: 'x' } })).toEqual(['ADAPTER_OPTION', 2]);
  });
});
