import type { Answer, Block, Report, Sample, Table } from '../model.js';
import { VERDICT_WORDS } from '../sections/shared.js';
import { cellText, isNumeric } from './cells.js';
import { escapeMarkdown } from './escape.js';

/** The report as Markdown: every chart as the table behind it. */
export function reportMarkdown({ title, sections }: Report): string {
  const parts = sections.map(
    (section) => `## ${escapeMarkdown(section.title)}\n\n${section.blocks.map(blockText).join('\n')}`,
  );
  return `# ${escapeMarkdown(title)}\n\n${parts.join('\n')}`;
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'answer':
      return answerText(block);
    case 'paragraph':
      return `${escapeMarkdown(block.text)}\n`;
    case 'figure':
      return tableText(block.data);
    case 'table':
      return tableText(block.table);
    case 'facts':
      return `**${escapeMarkdown(block.title)}**\n\n${block.entries
        .map(([name, value]) => `- ${escapeMarkdown(name)}: ${escapeMarkdown(value)}\n`)
        .join('')}`;
    case 'sample':
      return sampleText(block);
  }
}

function answerText({ policy, verdict, headline, detail, sentence, reasons }: Answer): string {
  const name = policy === null ? '' : `${escapeMarkdown(policy.name)}: `;
  return (
    `**${name}${escapeMarkdown(headline)}** (${escapeMarkdown(detail)}). ${VERDICT_WORDS[verdict]}.\n\n` +
    `${escapeMarkdown(sentence)}\n${reasons.map((reason) => `\n- ${escapeMarkdown(reason)}`).join('')}\n`
  );
}

function tableText(table: Table): string {
  const { caption, columns, rows } = table;
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return (
    `${escapeMarkdown(caption)}.\n\n` +
    line(columns.map(({ title }) => escapeMarkdown(title))) +
    line(columns.map((column) => (isNumeric(column) ? '---:' : '---'))) +
    rows.map((row) => line(columns.map((column) => escapeMarkdown(cellText(row[column.key], column))))).join('')
  );
}

function sampleText({ query, prompt, columns }: Sample): string {
  const texts = columns.map(
    ({ title, texts: own }) =>
      `${escapeMarkdown(title)}:\n\n${own
        .map(({ text, note }) => `- ${escapeMarkdown(text)}${note === '' ? '' : ` (${escapeMarkdown(note)})`}\n`)
        .join('')}`,
  );
  return `### Query ${escapeMarkdown(query)}\n\n${prompt === null ? '' : `> ${escapeMarkdown(prompt)}\n\n`}${texts.join('\n')}`;
}
