import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/errors.js';
import { ChatTemplate } from '../../src/models/chat-template.js';

const date = new Date('2026-02-03T04:05:06Z');
const tokens = { bos_token: '<s>', eos_token: '</s>' };
const template = (source: string) => new ChatTemplate(source, 'the template', tokens, date);

const CHATML =
  "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

const user = { role: 'user', content: 'Hi' };

describe('rendering', () => {
  test('a ChatML template, with and without the generation prompt', () => {
    const chat = template(CHATML);
    expect(chat.render([user], true)).toBe('<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n');
    expect(chat.render([user], false)).toBe('<|im_start|>user\nHi<|im_end|>\n');
  });

  test('special tokens, tools and the date are there', () => {
    const chat = template(
      "{{ bos_token }}{% if tools is none %}no tools{% endif %} {{ strftime_now('%d %b %Y, %B %H:%M %m %%') }}{{ eos_token }}",
    );
    expect(chat.render([], false)).toBe('<s>no tools 03 Feb 2026, February 04:05 02 %</s>');
    expect(chat.usesDate).toBe(true);
    expect(template(CHATML).usesDate).toBe(false);
  });

  test('raise_exception, a broken template and a failing one are errors that name the place', () => {
    const refusing = template("{{ raise_exception('System role not supported') }}");
    expect(() => refusing.render([user], true)).toThrow(/^the template: System role not supported/);
    expect(() => refusing.render([user], true)).toThrow(DataError);
    expect(() => template('{% for %}')).toThrow(DataError);
    expect(() => template('{{ messages[0].content.nothing() }}').render([user], true)).toThrow(DataError);
  });
});

/** As Jinja 3.1 renders them with the settings of transformers 5.18. */
describe('templates mean what they mean in Python', () => {
  test.each<[string, string]>([
    ["{{ '\\n x \\n'.strip('\\n') }}|{{ '\\n x'.lstrip('\\n') }}|{{ 'x \\n'.rstrip('\\n') }}", ' x | x|x '],
    ["{{ 'abcab'.strip('ba') }}|{{ 'abc'.strip('') }}|{{ ' x '.strip(none) }}|{{ ' x '.rstrip() }}", 'c|abc|x| x'],
    ["{{ '\u0085\u001cx\ufeff'.strip() | length }}{{ '\ufeffx\u001f' | trim | length }}", '22'],
    [
      "{{ '\\t' == false }} {{ '' != false }} {{ '1' == 1 }} {{ 1 == true }} {{ 1 == 1.0 }}",
      'False True False True True',
    ],
    ['{{ none == nothing }} {{ [1, [2]] == [1, [2]] }} {{ {"a": 1} != {"a": 2} }}', 'False True True'],
    ['{{ none }} {{ true }} {{ nothing }}{% set x = none %}{{ 1 ~ none ~ false }}', 'None True 1NoneFalse'],
    ["{{ '👍é' | length }}", '2'],
    ['a {#- b -#} \n c {# d #} e', 'ac  e'],
    ['{% if true -%}\n  {% generation %}\n  {{ "a" }}\n  {% endgeneration %}\n{%- endif %}', '  a\n'],
    [
      "{{ strftime_now('%A, %B %d, %Y %a %-d %S %p %j %y %I %Q') }}",
      'Tuesday, February 03, 2026 Tue 3 06 AM 034 26 04 %Q',
    ],
  ])('%j', (source, text) => {
    expect(template(source).render([user], false)).toBe(text);
  });

  test('a message that is equal to another one is found by what it holds', () => {
    const last = template('{% for m in messages %}{{ m == messages[-1] }}{% endfor %}');
    expect(last.render([user, { role: 'assistant', content: 'Yes' }, { ...user }], false)).toBe('TrueFalseTrue');
  });
});

describe('what follows an assistant message', () => {
  test('the end of the turn', () => {
    expect(template(CHATML).afterAssistant(undefined)).toBe('<|im_end|>\n');
    const llama =
      "{{ bos_token }}{% for m in messages %}{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m.content | trim + '<|eot_id|>' }}{% endfor %}";
    expect(template(llama).afterAssistant('Be kind')).toBe('<|eot_id|>');
  });

  test('a template that leaves the content out is an error', () => {
    expect(() => template('{{ bos_token }}').afterAssistant(undefined)).toThrow(/leaves out/);
  });
});
