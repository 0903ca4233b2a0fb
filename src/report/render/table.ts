import type { Table } from '../model.js';
import { POLICY_COLOURS } from '../palette.js';
import { cellText, isNumeric } from './cells.js';
import { tableCsv } from './csv.js';
import { escapeHtml as text } from './escape.js';

/** A patch of a policy's colour. */
export function swatch(colour: number): string {
  return `<span class="swatch p${colour % POLICY_COLOURS.length}"></span>`;
}

/** A table that scrolls by itself where the screen is narrow. */
export function tableHtml(table: Table): string {
  const { caption, columns, rows } = table;
  const head = columns
    .map((column) => `<th scope="col"${isNumeric(column) ? ' class="n"' : ''}>${text(column.title)}</th>`)
    .join('');
  const body = rows.map((row) => {
    const cells = columns.map((column, i) => {
      const content = text(cellText(row[column.key], column));
      if (i === 0) return `<th scope="row">${content}</th>`;
      const style = isNumeric(column) ? ' class="n"' : column.key === 'hash' ? ' class="hash"' : '';
      return `<td${style}>${content}</td>`;
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  return (
    `<div class="scroll" role="region" tabindex="0" aria-label="${text(caption)}"><table><caption><span class="caption">${text(caption)}.</span></caption>` +
    `<thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>`
  );
}

/** The numbers of a table to keep, inside the page. */
export function downloads(table: Table): string {
  const { id, rows, columns } = table;
  const named = rows.map((row) => Object.fromEntries(columns.map(({ key }) => [key, row[key] ?? null])));
  const link = (extension: string, type: string, content: string) =>
    `<a download="${text(id)}.${extension}" href="data:${type};base64,${Buffer.from(content).toString('base64')}" aria-label="${text(id)} as ${extension.toUpperCase()}">${extension.toUpperCase()}</a>`;
  return `<p class="downloads">Save these numbers: ${link('csv', 'text/csv;charset=utf-8', tableCsv(table))} ${link('json', 'application/json', JSON.stringify(named))}</p>`;
}
