import { expect, it } from 'vitest';
import { paretoFront } from '../../src/report/charts/envelope.js';
import {
  familyOf,
  PAGE_COLOURS,
  POLICY_COLOURS,
  PolicyColours,
  policyColour,
  policyShape,
} from '../../src/report/palette.js';
import { tableCsv } from '../../src/report/render/csv.js';
import { escapeHtml, escapeMarkdown } from '../../src/report/render/escape.js';

it('an envelope keeps what no other point equals or exceeds in both', () => {
  const at = (diversity: number, utility: number) => ({ diversity, utility });
  const front = [at(0.1, 0.9), at(0.3, 0.8), at(0.5, 0.2)];
  expect(paretoFront([at(0.5, 0.2), at(0.2, 0.7), at(0.1, 0.9), at(0.3, 0.8), at(0.5, 0.1)])).toEqual(front);
  expect(paretoFront([])).toEqual([]);
});

it('policies have colours by order of appearance, families one', () => {
  const colours = new PolicyColours();
  expect(['b', 'a@1', 'b', 'a@2', 'c'].map((name) => colours.of(name))).toEqual([0, 1, 0, 1, 2]);
  expect(['pope@0.3', '@x', 'plain'].map(familyOf)).toEqual(['pope', '@x', 'plain']);
  // The ninth policy has the colour of the first, in another shape.
  expect(policyColour(8)).toBe(policyColour(0));
  expect(policyShape(8)).not.toBe(policyShape(0));
});

/** Relative luminance and contrast of WCAG 2.2. */
const luminance = (colour: string): number => {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
};
const contrast = (a: string, b: string): number => {
  const [dark, light] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
};

it.each(['light', 'dark'] as const)('colours can be read on the page: %s', (mode) => {
  for (const background of ['paper', 'panel'] as const) {
    for (const text of ['ink', 'muted', 'link', 'good', 'caution', 'bad'] as const) {
      expect(contrast(PAGE_COLOURS[text][mode], PAGE_COLOURS[background][mode])).toBeGreaterThan(4.5);
    }
  }
  for (const policy of POLICY_COLOURS) {
    expect(contrast(policy[mode], PAGE_COLOURS.paper[mode])).toBeGreaterThan(3);
  }
});

it('CSV quotes what needs quotes, and no text is a formula', () => {
  const columns = ['a', 'b'].map((key) => ({ key, title: key }));
  const rows = [
    { a: 'x,"y"\nz', b: -1.5 },
    { a: '=SUM(A1)', b: null },
    { a: '-2', b: 1e-17 },
  ];
  expect(tableCsv({ id: 't', caption: '', columns, rows })).toBe(
    'a,b\r\n"x,""y""\nz",-1.5\r\n\'=SUM(A1),\r\n\'-2,1e-17\r\n',
  );
});

it('text stays text in HTML and Markdown', () => {
  expect(escapeHtml(`<b title='"&'>\u0000\n`)).toBe('&#60;b title=&#39;&#34;&#38;&#39;&#62;\ufffd\n');
  expect(escapeMarkdown('| <b> `x`\n# [a](b)')).toBe('\\| &lt;b&gt; \\`x\\` \\# \\[a\\]\\(b\\)');
});
