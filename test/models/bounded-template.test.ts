import { expect, it } from 'vitest';
import type { Message } from '../../src/data/slate.js';
import { DataError } from '../../src/errors.js';
import { ChatTemplate } from '../../src/models/chat-template.js';

const user = { role: 'user', content: 'Hi' };
const render = (source: string, messages: Message[] = [user]) =>
  new ChatTemplate(source, 'the template', {}, new Date(0)).render(messages, false);

/** `{% set %}` statements that double something so often. */
const doubled = (statement: string, times: number) => statement.repeat(times);
const nested = (depth: number) => 'for i in range(60000) %}{% '.repeat(depth);

it.each([
  ['nested loops', `{% ${nested(4)} set x = i %}${'{% endfor %}'.repeat(4)}`],
  ['a long range', '{{ range(1000000000) | length }}'],
  ['a range of tiny steps', '{{ range(0, 1, 0.000000001) | length }}'],
  ['a range to infinity', '{{ range(0, 10 ** 300) | length }}'],
  ['a list that doubles', `{% set l = [1] %}${doubled('{% set l = l + l %}', 40)}`],
  ['a text that doubles', `{% set s = 'ab' %}${doubled('{% set s = s ~ s %}', 40)}{{ s | length }}`],
  ['a list of itself twice', `{% set l = ['a'] %}${doubled('{% set l = [l, l] %}', 40)}{{ l | tojson }}`],
  ['namespaces of themselves', `{% set n = namespace() %}{% set n.a = [n, n] %}{{ n.a | tojson }}`],
  ['a replacement everywhere', `{% set s = 'a' %}${doubled('{% set s = s ~ s %}', 20)}{{ s.replace('', s) }}`],
  ['a replacing filter', `{% set s = 'a' %}${doubled('{% set s = s ~ s %}', 20)}{{ s | replace('a', s) | length }}`],
  ['a long separator', `{% set s = 'a' %}${doubled('{% set s = s ~ s %}', 20)}{{ range(60000) | join(s) | length }}`],
  ['a wide indent', "{{ 'a\\nb\\nc' | indent(width=500000000) }}"],
  ['a macro that calls itself', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}'],
  [
    'macros that call each other twice',
    `{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}`,
  ],
  ['parentheses without end', `{{ ${'('.repeat(100_000)}1${')'.repeat(100_000)} }}`],
  ['a source without end', `{{ 1 }}${' '.repeat(2 ** 20)}`],
])('%s: ends in an error, soon', (_, source) => {
  const begun = process.cpuUsage();
  expect(() => render(source)).toThrow(DataError);
  const { user, system } = process.cpuUsage(begun);
  expect((user + system) / 1e6).toBeLessThan(5);
});

it('a long chat is rendered as ever', () => {
  const source =
    "{% for m in messages %}{% if m.role == 'user' and not loop.last %}{{ messages | length }}{{ m.content | trim | replace('a', 'b') }}{% endif %}{% if messages[loop.index0].role in ['user', 'assistant'] %}{{ m.content.split('x')[0] }}{% endif %}{% endfor %}";
  const messages = Array.from({ length: 1000 }, (_, i) => ({
    role: i % 2 ? 'assistant' : 'user',
    content: 'a word '.repeat(150),
  }));
  expect(render(source, messages).length).toBeGreaterThan(1e6);
});

it('the names of Jinja are there, and an error of a template is one line', () => {
  expect(
    render('{% for i in range(1, 7, 2) %}{{ i }}{% endfor %}{{ range(3)|length }}{{ range(5, 2, -1)|join }}'),
  ).toBe('1353543');
  expect(render('{{ True }}{{ none is none }}')).toBe('TrueTrue');
  expect(() =>
    render(`{{ raise_exception('a\nb' ~ messages[0].content) }}`, [{ role: 'user', content: 'x'.repeat(1e5) }]),
  ).toThrow(/^the template: a b.{200,400}$/);
});
