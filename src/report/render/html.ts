import { createHash } from 'node:crypto';
import type { Answer, Block, Facts, Report, Sample, Section, TableBlock } from '../model.js';
import { VERDICT_WORDS } from '../sections/shared.js';
import { escapeHtml as text } from './escape.js';
import { figureHtml } from './figure.js';
import { STYLE } from './style.js';
import { downloads, swatch, tableHtml } from './table.js';

/**
 * The report as one page that needs nothing else: no script, no network, and a policy that allows neither, so that no text in
 * it can be more than text. Charts are drawn already.
 */
export async function reportHtml({ title, sections }: Report): Promise<string> {
  const parts: string[] = [];
  for (const section of sections) parts.push(await sectionHtml(section));
  const links = sections.map(({ id, title: name }) => `<li><a href="#${text(id)}">${text(name)}</a></li>`).join('');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${styleHash()}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${text(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<div class="page">
<header><p class="product">POPE report</p><h1>${text(title)}</h1></header>
<nav aria-label="Contents"><ul>${links}</ul></nav>
<main id="content">
${parts.join('\n')}
</main>
<footer>Made by pope report. This page holds all it shows; it loads and sends nothing.</footer>
</div>
</body>
</html>
`;
}

function styleHash(): string {
  return createHash('sha256').update(STYLE).digest('base64');
}

async function sectionHtml({ id, title, blocks }: Section): Promise<string> {
  const answers = blocks.filter((block) => block.kind === 'answer');
  const others: string[] = [];
  for (const block of blocks) others.push(await blockHtml(block));
  const cards = answers.length === 0 ? '' : `<div class="answers">${answers.map(answerHtml).join('\n')}</div>`;
  return `<section id="${text(id)}" aria-labelledby="${text(id)}-title">
<h2 id="${text(id)}-title">${text(title)}</h2>
${cards}${others.join('\n')}
</section>`;
}

async function blockHtml(block: Block): Promise<string> {
  switch (block.kind) {
    case 'answer':
      return '';
    case 'paragraph':
      return `<p>${text(block.text)}</p>`;
    case 'figure':
      return figureHtml(block);
    case 'table':
      return tableBlockHtml(block);
    case 'facts':
      return factsHtml(block);
    case 'sample':
      return sampleHtml(block);
  }
}

function tableBlockHtml({ table, folded }: TableBlock): string {
  const content = `${tableHtml(table)}${downloads(table)}`;
  if (!folded) return `<div class="block">${content}</div>`;
  return `<details class="block"><summary>${text(table.caption)}</summary>${content}</details>`;
}

/** Besides its colour every verdict has a sign of its own. */
const SIGNS = {
  reliable: '<path d="M3 8.5l3.2 3.2L13 5" fill="none" stroke="currentColor" stroke-width="2"/>',
  caution: '<path d="M8 2v8M8 12v2" fill="none" stroke="currentColor" stroke-width="2.2"/>',
  unreliable: '<path d="M3.5 3.5l9 9M12.5 3.5l-9 9" fill="none" stroke="currentColor" stroke-width="2"/>',
};

function answerHtml({ verdict, policy, headline, detail, sentence, reasons }: Answer): string {
  const name = policy === null ? '' : `<h3>${swatch(policy.colour)}${text(policy.name)}</h3>`;
  const list = reasons.map((reason) => `<li>${text(reason)}</li>`).join('');
  const count = `${reasons.length} ${reasons.length === 1 ? 'reason' : 'reasons'} for care`;
  return `<article class="answer ${verdict}${policy === null ? ' whole' : ''}">${name}
<p class="number">${text(headline)}</p>
<p class="detail">${text(detail)}</p>
<p class="verdict"><svg viewBox="0 0 16 16" aria-hidden="true">${SIGNS[verdict]}</svg>${VERDICT_WORDS[verdict]}</p>
<p>${text(sentence)}</p>${list === '' ? '' : `<details><summary>${count}</summary><ul>${list}</ul></details>`}
</article>`;
}

function factsHtml({ title, entries }: Facts): string {
  const list = entries.map(([name, value]) => `<dt>${text(name)}</dt><dd>${text(value)}</dd>`).join('');
  return `<details><summary>${text(title)}</summary><dl>${list}</dl></details>`;
}

function sampleHtml({ query, prompt, columns }: Sample): string {
  const shown = columns.map(({ title, colour, texts }) => {
    const items = texts.map(
      (each) => `<li>${text(each.text)}${each.note === '' ? '' : `<span class="note">${text(each.note)}</span>`}</li>`,
    );
    return `<div class="column"><h4>${colour === null ? '' : swatch(colour)}${text(title)}</h4><ol>${items.join('')}</ol></div>`;
  });
  return `<details class="sample" open><summary>Query ${text(query)}</summary>${prompt === null ? '' : `<p class="prompt">${text(prompt)}</p>`}
<div class="columns">${shown.join('')}</div></details>`;
}
