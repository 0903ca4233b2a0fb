import { type Family, magnitude, pick, SCORE_MODEL } from './case.js';

const made = (name: string, template: string) => ({
  name: `template: ${name}`,
  model: 'llama3-tiny',
  files: { 'model/chat_template.jinja': template },
  command: SCORE_MODEL,
  codes: /^(CHAT_TEMPLATE|UNREADABLE_FILE)$/,
});

/** Chat templates that loop, grow, recurse or are none. */
export const templates: Family = (random, i) => {
  const times = 22 + random.integer(100);
  const long = `{% set s = '${pick(random, ['ab', 'é', '漢字', ' \n'])}' %}${'{% set s = s ~ s %}'.repeat(19 + random.integer(2))}`;
  switch (i % 16) {
    case 0: {
      const depth = 3 + random.integer(8);
      const count = 20_000 + random.integer(40_000);
      return made(
        'loops in loops',
        `${`{% for i in range(${count}) %}`.repeat(depth)}x${'{% endfor %}'.repeat(depth)}`,
      );
    }
    case 1:
      return made('a long range', `{% for i in range(${65_537 + magnitude(random, 50)}) %}x{% endfor %}`);
    case 2:
      return made(
        'a range of tiny steps',
        `{{ range(0, ${magnitude(random, 20)}, 1e-${6 + random.integer(300)}) | length }}`,
      );
    case 3:
      return made('a list that doubles', `{% set l = [1, 2] %}${'{% set l = l + l %}'.repeat(times)}{{ l }}`);
    case 4:
      return made('a text that doubles', `{% set s = 'ab' %}${'{% set s = s ~ s %}'.repeat(times)}{{ s }}`);
    case 5:
      return made(
        'a list of itself twice',
        `{% set l = ['ab'] %}${'{% set l = [l, l] %}'.repeat(times)}{{ ${pick(random, ['l', 'l | tojson', 'l | string'])} }}`,
      );
    case 6:
      return made(
        'an object of itself',
        `{% set n = namespace() %}{% set n.a = ${pick(random, ['[n, n]', '[[n], n]', '{"a": n, "b": n}'])} %}{{ n.a | tojson }}`,
      );
    case 7:
      return made(
        'a replacement everywhere',
        `${long}{{ ${pick(random, ["s.replace('', s)", "s | replace('a', s)", "s | replace(old='', new=s)"])} | length }}`,
      );
    case 8:
      return made('a long separator', `${long}{{ range(60000) | join(${pick(random, ['s', 'd=s'])}) | length }}`);
    case 9:
      return made(
        'a wide indent',
        `{{ 'a\\nb\\nc' | indent(${pick(random, ['', 'width='])}${1000 + magnitude(random, 50)}) | length }}`,
      );
    case 10:
      return made(
        'macros that call themselves',
        `{% macro f(n) %}${'{{ f(n + 1) }}'.repeat(1 + random.integer(3))}{% endmacro %}{{ f(0) }}`,
      );
    case 11:
      return made(
        'macros that call each other',
        `{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(${30 + times}) }}`,
      );
    case 12: {
      const depth = 20_000 + magnitude(random, 17);
      const [open, close] = pick(random, [
        ['(', ')'],
        ['[', ']'],
        ['not ', ''],
        ['{"a":', '}'],
      ] as const);
      return made('expressions without end', `{{ ${open.repeat(depth)}1${close.repeat(depth)} }}`);
    }
    case 13:
      return made(
        'a source without end',
        `{{ messages[0].content }}${pick(random, [' ', '{# #}', '{{ 1 }}'])}`.repeat(60_000 + magnitude(random, 16)),
      );
    case 14:
      return made(
        'broken',
        pick(random, [
          '{% for %}',
          '{{',
          '{% if %}',
          '{{ 1 + }}',
          '{% endfor %}',
          '{{ "a }}',
          '{% set %}',
          '{% macro %}',
          '{{ a..b }}',
        ]) + 'x'.repeat(i),
      );
    default:
      return made(
        'what it must not reach',
        pick(random, [
          '{{ messages.constructor.constructor("return process")() }}',
          '{{ "".constructor.constructor("return process")().exit() }}',
          '{{ messages.__proto__.polluted() }}',
          '{{ range.constructor("return 1")() }}',
          '{{ raise_exception.constructor("return 1")() }}',
          '{{ require("fs").readFileSync("/etc/passwd") }}',
          '{{ process.env.HOME.length() }}',
          '{{ globalThis.process.exit(0) }}',
          '{% import "os" as os %}{{ os.system("true") }}',
          '{% include "/etc/passwd" %}',
          "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
          '{{ self.__init__.__globals__() }}',
        ]),
      );
  }
};
