/** @file A rating sheet as a file to send: a page that works without a network, or a table for a spreadsheet. */
import { createHash } from 'node:crypto';
import { declarations } from '../report/palette.js';
import { tableCsv } from '../report/render/csv.js';
import { escapeHtml as text } from '../report/render/escape.js';
import type { RatingSheet } from './rating-sheet.js';

const QUESTION =
  'Which answer, or set of answers, stands better for what people think? Neither the order nor the length counts.';

/** Column `choice` is for the rater: A, B or tie. */
export function ratingCsv({ sheet, items }: RatingSheet): string {
  const columns = ['sheet', 'item', 'prompt', 'a', 'b', 'choice'].map((key) => ({ key, title: key }));
  const rows = items.map(({ item, prompt, a, b }) => {
    return { sheet, item, prompt, a: a.join('\n\n'), b: b.join('\n\n'), choice: null };
  });
  return tableCsv({ id: 'sheet', caption: '', columns, rows });
}

const STYLE = `
:root{color-scheme:light dark;${declarations('light')}}
@media (prefers-color-scheme:dark){:root{${declarations('dark')}}}
*{box-sizing:border-box}
body{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 4rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
fieldset{margin:0 0 1.5rem;padding:1rem 0 0;border:0;border-top:1px solid var(--rule);min-width:0}
legend{float:left;width:100%;margin-bottom:.75rem;font-weight:600;white-space:pre-wrap}
.sides{clear:both;display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,18rem),1fr))}
h3{margin:0 0 .4rem;font-size:1rem}
li,.only{margin:0 0 .5rem;padding:.5rem .65rem;background:var(--panel);border-radius:6px;white-space:pre-wrap}
ol{margin:0;padding:0;list-style:none}
.choice{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;margin-top:.75rem}
label{display:inline-flex;gap:.4rem;align-items:center;min-height:2rem}
button{padding:.6rem 1.2rem;font:inherit;color:var(--paper);background:var(--link);border:0;border-radius:6px}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
`;

/** Gathers the choices into the CSV that `pope export ratings` reads. */
const SCRIPT = `
const form = document.forms[0];
const chosen = () => [...form.querySelectorAll('fieldset')].map((set) => [set.dataset.item, set.querySelector(':checked')?.value ?? '']);
const show = () => { const all = chosen(); document.querySelector('output').textContent = all.filter(([, choice]) => choice).length + ' of ' + all.length + ' rated'; };
form.addEventListener('change', show);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const lines = chosen().map(([item, choice]) => [form.dataset.sheet, item, choice].join(','));
  const link = document.createElement('a');
  link.download = 'ratings-' + form.dataset.sheet + '.csv';
  link.href = URL.createObjectURL(new Blob(['sheet,item,choice\\r\\n' + lines.join('\\r\\n') + '\\r\\n'], { type: 'text/csv' }));
  link.click();
});
show();
`;

/** A form that saves a CSV file on the rater's machine; it loads and sends nothing. */
export function ratingHtml({ sheet, items }: RatingSheet): string {
  const side = (name: string, texts: readonly string[]) =>
    `<div><h3>${name}</h3><ol>${texts.map((each) => `<li>${text(each)}</li>`).join('')}</ol></div>`;
  const choice = (item: number, value: string, label: string) =>
    `<label><input type="radio" name="item-${item}" value="${value}">${label}</label>`;
  const sets = items.map(
    ({ item, prompt, a, b }) =>
      `<fieldset data-item="${item}"><legend>${item}. ${text(prompt)}</legend>
<div class="sides">${side('A', a)}${side('B', b)}</div>
<div class="choice">${choice(item, 'A', 'A is better')}${choice(item, 'tie', 'no difference')}${choice(item, 'B', 'B is better')}</div></fieldset>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '${hashOf(SCRIPT)}'; style-src '${hashOf(STYLE)}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rating sheet ${sheet}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Rating sheet</h1>
<p>${QUESTION}</p>
<form data-sheet="${sheet}">
${sets.join('\n')}
<p><button>Save the ratings</button> <output></output></p>
</form>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function hashOf(content: string): string {
  return `sha256-${createHash('sha256').update(content).digest('base64')}`;
}
