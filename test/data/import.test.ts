import { readFile, rm, stat } from 'node:fs/promises';
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

  it('goes on where it was stopped, and ends with the log of an import that never was', async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => `${(i * 7) % 500},${i},text ${i},\n`);
    const inputs = [
      await folder.write('1.csv', `q,r,t,p\n${rows.slice(0, 1000).join('')}`),
      await folder.write('2.csv', `q,r,t,p\nx,y\n${rows.slice(1000).join('')}`),
    ];
    const output = folder.path('log.jsonl');
    const options = { ...columns, output, maxCharacters: 10_000 };
    const { report } = await runAdapter('generic', inputs, { ...options, maxCharacters: 1e9 });
    const whole = (await readFile(output, 'utf8')).split('\n').sort();
    await rm(output);

    const controller = new AbortController();
    const stopped = importLog('generic', inputs, {
      ...options,
      signal: controller.signal,
      onProgress: ({ rows }) => rows > 2000 && controller.abort(new Error('stopped')),
    });
    await expect(stopped).rejects.toThrow('stopped');
    await expect(stat(output)).rejects.toThrow('ENOENT');
    expect((await stat(`${output}.import`)).isDirectory()).toBe(true);

    const seen: number[] = [];
    const onProgress = ({ rows }: { rows: number }) => seen.push(rows);
    const resumed = await runAdapter('generic', inputs, { ...options, onProgress });
    // The first file was on disk as a whole.
    expect(seen[1]).toBeGreaterThan(1000);
    expect((await readFile(output, 'utf8')).split('\n').sort()).toEqual(whole);
    expect(resumed.report).toEqual(report);
    await expect(stat(`${output}.import`)).rejects.toThrow('ENOENT');
  });

  it('starts anew for other files or options, and keeps nothing of what failed for good', async () => {
    const input = await folder.write('raw.csv', table.concat('c,4,four,\n'.repeat(600)));
    const output = folder.path('log.jsonl');
    const options = { ...columns, output, maxCharacters: 1000 };
    const controller = new AbortController();
    const onProgress = ({ rows }: { rows: number }) => rows > 0 && controller.abort(new Error('stopped'));
    const stopped = importLog('generic', [input], { ...options, signal: controller.signal, onProgress });
    await expect(stopped).rejects.toThrow('stopped');
    const other = await folder.write('other.csv', table.replaceAll('one', 'changed'));
    const { slates } = await runAdapter('generic', [other], options);
    expect(slates.flatMap(({ responses }) => responses.map(({ text }) => text)).sort()).toEqual([
      'changed',
      'three',
      'two',
    ]);

    const broken = await folder.write('broken.csv', Buffer.concat([Buffer.from(table), Buffer.of(0xff, 0xfe)]));
    await expect(importLog('generic', [broken], options)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(stat(`${output}.import`)).rejects.toThrow('ENOENT');
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
