import { describe, expect, it } from 'vitest';
import { hashName, htmlToText } from '../../../src/data/adapters/text.js';

describe('htmlToText', () => {
  it.each([
    ['plain text', 'plain text'],
    ['one<br />two<br><br>three', 'one\ntwo\n\nthree'],
    ['<p>one</p>\n\n<p>two</p>\n', 'one\n\ntwo'],
    ['&lt;b&gt; &amp;amp; &quot;x&quot; &#x1F333; caf&eacute;&nbsp;a', '<b> &amp; "x" 🌳 café\u00a0a'],
    ['<ul><li>one</li><li>two</li></ul>', ' * one\n * two'.trim()],
    ['<ol><li>one</li><li>two</li></ol>', '1. one\n 2. two'],
    ['<p>use <code>a  &lt; b</code></p>', 'use a < b'],
    ['<pre><code>if (a) {\n  b();\n}\n</code></pre>', 'if (a) {\n  b();\n}'],
    ['see <a href="http://example.org">this</a><img src="x.png" alt="picture">', 'see this'],
    ['<h2>Title</h2><p>text</p>', 'Title\n\ntext'],
    ['<blockquote><p>said</p></blockquote>', '> said'],
    ['<script>alert(1)</script><style>p {}</style>x', 'x'],
    ['1 < 2 & 3 > 2', '1 < 2 & 3 > 2'],
    ['<p>not <b>closed', 'not closed'],
    ['', ''],
  ])('%j is %j', (html, text) => expect(htmlToText(html)).toBe(text));

  it('never wraps a long line', () => {
    const words = 'word '.repeat(200).trim();
    expect(htmlToText(`<p>${words}</p>`)).toBe(words);
  });
});

it('hashName is the beginning of a sha256', () => expect(hashName('abc')).toBe('ba7816bf8f01cfea'));
