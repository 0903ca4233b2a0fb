import { describe, expect, it } from 'vitest';
import { clock, ProgressLine } from '../../src/cli/progress.js';
import { pairs, percent, readable, table } from '../../src/cli/table.js';
import { Terminal } from '../../src/cli/terminal.js';

function recorder(isTTY = true) {
  const written: string[] = [];
  return { isTTY, columns: 200, written, write: (text: string) => written.push(text) };
}

const scoring = (done: number, total?: number) => ({ label: 'scoring', done, total, unit: 'queries' });

describe('progress line', () => {
  it('shows share, count, rate and the time left', () => {
    const stream = recorder();
    let now = 0;
    const progress = new ProgressLine(stream, () => now);
    progress.update(scoring(0, 2000));
    now = 10_000;
    progress.update(scoring(500, 2000));
    const line = stream.written[1]!.replace('\r\u001b[2K', '');
    expect(line).toBe(`scoring [${'='.repeat(6)}${' '.repeat(18)}] 25 %  500 of 2,000 queries  50.0/s  0:30 left`);
  });

  it('shows count and rate when the total is unknown', () => {
    const stream = recorder();
    let now = 0;
    const progress = new ProgressLine(stream, () => now);
    progress.update(scoring(0));
    now = 2000;
    progress.update(scoring(1234));
    expect(stream.written[1]).toContain('scoring  1,234 queries  617/s');
  });

  it('shows the time left by the share where that is known, and counts anew when the work begins again', () => {
    const stream = recorder();
    let now = 0;
    const progress = new ProgressLine(stream, () => now);
    const reading = (done: number, share: number) => progress.update({ ...scoring(done), share });
    reading(0, 0);
    now = 10_000;
    reading(500, 0.2);
    expect(stream.written[1]).toContain('20 %  500 queries  50.0/s  0:40 left');
    now = 50_000;
    reading(0, 0);
    now = 51_000;
    reading(50, 0.02);
    expect(stream.written.at(-1)).toContain('50.0/s  0:49 left');
  });

  it('draws at most ten times a second, within the terminal, and goes when cleared', () => {
    const stream = { ...recorder(), columns: 20 };
    let now = 0;
    const progress = new ProgressLine(stream, () => now);
    for (now = 0; now < 1000; now += 10) progress.update(scoring(now / 10, 100));
    expect(stream.written).toHaveLength(10);
    for (const text of stream.written) expect(text.replace('\r\u001b[2K', '').length).toBeLessThan(20);
    progress.clear();
    expect(stream.written.at(-1)).toBe('\r\u001b[2K');
    progress.clear();
    expect(stream.written).toHaveLength(11);
  });

  it('counts time anew for another label', () => {
    const stream = recorder();
    let now = 0;
    const progress = new ProgressLine(stream, () => now);
    progress.update({ ...scoring(0), label: 'reading' });
    now = 60_000;
    progress.update(scoring(0, 100));
    now = 61_000;
    progress.update(scoring(10, 100));
    expect(stream.written.at(-1)).toContain('10.0/s  0:09 left');
  });

  it('writes durations as clocks do', () => {
    expect([0, 59.6, 61, 3600, 36_061].map(clock)).toEqual(['0:00', '1:00', '1:01', '1:00:00', '10:01:01']);
  });
});

describe('terminal', () => {
  const stdout = { write: (_: string, callback: () => void) => callback() };
  const work = async (terminal: Terminal) => {
    terminal.progress(scoring(5, 10));
    terminal.say('a remark');
    terminal.progress(scoring(6, 10));
    await terminal.write('data');
  };

  it.each([
    ['a pipe', false, false, {}],
    ['--quiet', true, true, {}],
    ['NO_COLOR', true, false, { NO_COLOR: '1' }],
    ['CI', true, false, { CI: 'true' }],
  ])('draws no progress with %s', async (_, isTTY, quiet, environment) => {
    const stderr = recorder(isTTY);
    await work(new Terminal({ stdout, stderr, quiet, environment }));
    expect(stderr.written).toEqual(quiet ? [] : ['a remark\n']);
  });

  it('takes the progress line away before a remark and before data', async () => {
    const stderr = recorder();
    await work(new Terminal({ stdout, stderr, quiet: false, environment: {} }));
    expect(stderr.written[0]).toContain('5 of 10 queries');
    expect(stderr.written.slice(1, 3)).toEqual(['\r\u001b[2K', 'a remark\n']);
    expect(stderr.written[3]).toContain('6 of 10 queries');
    expect(stderr.written.slice(4)).toEqual(['\r\u001b[2K']);
  });

  it('rejects when the reader of standard output is gone', async () => {
    const closed = Object.assign(new Error('broken pipe'), { code: 'EPIPE' });
    const broken = { write: (_: string, callback: (error: Error) => void) => callback(closed) };
    const terminal = new Terminal({ stdout: broken, stderr: recorder(), quiet: false, environment: {} });
    await expect(terminal.write('data')).rejects.toBe(closed);
  });
});

describe('tables', () => {
  it('aligns words to the left and numbers to the right', () => {
    expect(
      table(
        ['name', 'value'],
        [
          ['a', '1.5'],
          ['longer', '10,000'],
        ],
      ),
    ).toBe(['name     value', '------  ------', 'a          1.5', 'longer  10,000', ''].join('\n'));
    expect(
      pairs([
        ['queries', '3'],
        ['id', 'x'],
      ]),
    ).toBe('queries  3\nid       x\n');
  });

  it.each([
    [0, '0'],
    [1, '1'],
    [-0.5, '-0.5000'],
    [0.123456, '0.1235'],
    [0.00123456, '0.001235'],
    [12.3456, '12.35'],
    [1234.56, '1,235'],
    [12_345.6, '12,346'],
    [1e-5, '1.000e-5'],
    [2.5e12, '2.500e+12'],
    [Number.NaN, 'NaN'],
  ])('writes %d readably', (value, wanted) => {
    expect(readable(value)).toBe(wanted);
  });

  it('writes percentages', () => {
    expect([0, 0.0123, 0.5, 1].map(percent)).toEqual(['0 %', '1.2 %', '50 %', '100 %']);
  });
});
