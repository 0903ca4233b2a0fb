import type { Random } from '../../../src/estimators/random.js';
import { type Content, magnitude, pick } from './case.js';

/** JSON that is broken, or valid and yet does harm, as the whole of a file or line. */
export function jsonBomb(random: Random, i: number): { name: string; content: Content } {
  const text = (name: string, content: Content) => ({ name, content });
  const deep = 101 + magnitude(random, 20);
  switch (i % 16) {
    case 0:
      return text('arrays in arrays', '['.repeat(deep) + ']'.repeat(deep));
    case 1:
      return text('objects in objects', `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`);
    case 2:
      return text('brackets that never close', pick(random, ['[', '{"":', '[{"a":']).repeat(magnitude(random, 22)));
    case 3:
      return text('a key twice', `{"id":"a","model_type":"llama","x":{"${'k'.repeat(i)}":1,"${'k'.repeat(i)}":2}}`);
    case 4:
      return text('an escaped key twice', '{"id":1,"x":{"key":1,"\\u006bey":2}}');
    case 5:
      return text(
        'half a surrogate pair',
        `{"id":"${pick(random, ['\\ud800', '\\udfff', '\\ud800\\ud800', 'a\\uDBFFb'])}"}`,
      );
    case 6:
      return text('half a surrogate pair in a key', '{"\\ud800":1}');
    case 7:
      return text('a NUL', pick(random, ['{"a":"\0"}', '\0{}', '{}\0', '{"a\0":1}']));
    case 8:
      return text('a prototype', `{"__proto__":{"polluted":true},"x":${i}}`);
    case 9:
      return text('an escaped prototype', '{"a":[{"\\u005f_proto__":{"polluted":true}}]}');
    case 10:
      return text('not UTF-8', Buffer.from([0x7b, 0x22, 0xc0 + random.integer(2), 0xaf, 0x22, 0x3a, 0x31, 0x7d]));
    case 11:
      return text('UTF-16', Buffer.from(`\ufeff{"a":${i}}`, 'utf16le'));
    case 12:
      return text(
        'numbers that JSON does not have',
        `{"a":${pick(random, ['NaN', 'Infinity', '-Infinity', '0x10', '01', '+1', '.5', '1.'])}}`,
      );
    case 13:
      return text('very many values', () => `[${'{},'.repeat(5_000_000 + magnitude(random, 20))}{}]`);
    case 14:
      return text('text after the end', `{"a":1}${pick(random, ['}', 'x', '{}', ',', '\\'])}`);
    default:
      return text('a string without end', () => `{"a":"${'x'.repeat(magnitude(random, 24))}`);
  }
}
