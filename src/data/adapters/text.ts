import { createHash } from 'node:crypto';
import { compile, type HtmlToTextOptions } from 'html-to-text';

const OPTIONS: HtmlToTextOptions = {
  wordwrap: false,
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    { selector: 'img', format: 'skip' },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
  ],
};

/** Compiled once: that takes longer than all but the longest texts. */
const convert = compile(OPTIONS);

/** The text of an HTML fragment: entities decoded, paragraphs, breaks, lists, quotes and code as lines, links as text. */
export function htmlToText(html: string): string {
  return convert(html)
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

/** An author's name as it may stand in a log: the first 16 hex digits of its sha256. */
export function hashName(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 16);
}
