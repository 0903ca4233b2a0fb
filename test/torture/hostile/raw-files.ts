import { gzipSync } from 'node:zlib';
import { type Content, type Family, magnitude, pick } from './case.js';

const imported = (name: string, adapter: string, content: Content, options: string[] = []) => ({
  name: `import ${adapter}: ${name}`,
  files: { raw: content },
  command: ['import', adapter, '@raw', '-o', '@out.jsonl', '--quiet', ...options],
  codes: /^(INPUT_(INVALID|UNREADABLE|LINE_TOO_LONG)|IMPORT_EMPTY)$/,
});

/** Adapters that read lines or tables, whatever else they want. */
const ADAPTERS = [
  ...[
    'amazon-reviews-2023',
    'amazon-reviews-2018',
    'amazon-fine-food',
    'reddit-pushshift',
    'reddit-crs',
    'reddit-movie-csv',
  ],
  ...[
    'eli5',
    'alpaca-gpt4',
    'alpaca-eval',
    'oasst',
    'prism',
    'community-alignment',
    'shp',
    'ultrafeedback',
    'hh-rlhf',
    'pandalm',
  ],
  ...['grade-dialogue', 'youtube-comments'],
];
const GENERIC = ['--map', 'text=text', '--map', 'query=q', '--min-slate', '2'];

/** Raw data of publishers, or of somebody else. */
export const rawFiles: Family = (random, i) => {
  const adapter = ADAPTERS[i % ADAPTERS.length]!;
  switch (i % 10) {
    case 0:
      return imported(
        'a quote that never closes',
        'generic',
        () => `q,text\n1,"${'x'.repeat((17 << 20) + magnitude(random, 22))}`,
        GENERIC,
      );
    case 1:
      return imported(
        'very many columns',
        'generic',
        () => `${'a,'.repeat(100_000 + magnitude(random, 19))}b\n1\n`,
        GENERIC,
      );
    case 2:
      return imported('empty objects', adapter, () => '{}\n'.repeat(1000 + magnitude(random, 17)));
    case 3:
      return imported('a deep array', adapter, () => '[{"a":'.repeat(1000 + magnitude(random, 20)));
    case 4:
      return imported(
        'an array of very many values',
        adapter,
        () => `[${'{},'.repeat(2_000_000 + magnitude(random, 22))}{}]`,
      );
    case 5: {
      const entities = Array.from(
        { length: 10 + random.integer(50) },
        (_, n) => `<!ENTITY e${n + 1} "&e${n};&e${n};">`,
      ).join('');
      const xml = `<?xml version="1.0"?><!DOCTYPE posts [<!ENTITY e0 "ha">${entities}]><posts><row Id="1" Body="&e9;"/></posts>`;
      return imported('entities of entities', 'stackexchange', xml);
    }
    case 6: {
      const secret = pick(random, ['file:///etc/passwd', 'http://127.0.0.1:9/', '/proc/self/environ']);
      return imported(
        'an entity from elsewhere',
        'stackexchange',
        `<!DOCTYPE r [<!ENTITY x SYSTEM "${secret}">]><posts><row Body="&x;"/></posts>`,
      );
    }
    case 7:
      return imported('elements without end', 'stackexchange', () => '<a>'.repeat(1000 + magnitude(random, 19)));
    case 8:
      return imported(
        'bytes of no meaning',
        adapter,
        Uint8Array.from({ length: magnitude(random, 16) }, () => 128 + random.integer(128)),
      );
    default:
      return imported('a compressed line of zeros', adapter, () =>
        gzipSync(Buffer.alloc((100 + random.integer(100)) << 20, pick(random, ['0', ' ', '{', '\n'])), { level: 9 }),
      );
  }
};
