import { readFileSync } from 'node:fs';
import { type Content, type Family, fixturePath, magnitude, pick, SCORE_MODEL } from './case.js';
import { jsonBomb } from './json-bombs.js';

const config = JSON.parse(readFileSync(fixturePath('models/llama3-tiny/config.json'), 'utf8')) as object;
const index = JSON.parse(
  readFileSync(fixturePath('models/llama3-tiny-sharded/model.safetensors.index.json'), 'utf8'),
) as { weight_map: Record<string, string> };
const SIZES = [
  'vocab_size',
  'hidden_size',
  'num_hidden_layers',
  'num_attention_heads',
  'intermediate_size',
  'head_dim',
];

const model = (name: string, file: string, content: Content, fixture = 'llama3-tiny') => ({
  name,
  model: fixture,
  files: { [`model/${file}`]: content },
  command: SCORE_MODEL,
  codes:
    /^(INVALID_JSON|UNREADABLE_FILE|MISSING_FILE|UNSUPPORTED_ARCHITECTURE|INVALID_TOKENIZER|TENSOR_SHAPE|MISSING_TENSOR|UNEXPECTED_TENSOR)$/,
});

/** The small files of a model folder: bombs, wrong types, sizes without end. */
export const modelJson: Family = (random, i) => {
  const file = pick(random, [
    ...['config.json', 'tokenizer_config.json', 'special_tokens_map.json', 'generation_config.json', 'tokenizer.json'],
    'pope-training.json',
  ]);
  switch (i % 6) {
    case 0:
    case 1: {
      const bomb = jsonBomb(random, i >> 1);
      return model(`${file}: ${bomb.name}`, file, bomb.content);
    }
    case 2: {
      const size = pick(random, SIZES);
      const value = pick(random, [magnitude(random, 53), 2 ** 31, 2 ** 53, 1e300, -1, 0, 1.5, '8', null, [8], {}]);
      if (value === null && size === 'head_dim')
        return model(`config.json: ${size}`, 'config.json', { ...config, [size]: 'x' });
      return model(`config.json: ${size} is ${JSON.stringify(value)}`, 'config.json', { ...config, [size]: value });
    }
    case 3: {
      const rope = pick(random, [
        { rope_type: 'llama3', factor: -1 },
        { rope_type: 'constructor' },
        { rope_type: '__proto__' },
        { rope_type: 'longrope', short_factor: Array(1000).fill(1), long_factor: [] },
        { rope_theta: -magnitude(random, 40) },
        { rope_type: 'linear', factor: null },
        'default',
        [[[]]],
      ]);
      return model(`config.json: rope ${JSON.stringify(rope).slice(0, 60)}`, 'config.json', {
        ...config,
        rope_scaling: rope,
      });
    }
    case 4: {
      const type = pick(random, [
        '__proto__',
        'constructor',
        'toString',
        '',
        'x'.repeat(magnitude(random, 20)),
        7,
        null,
        ['llama'],
      ]);
      return model('config.json: model_type', 'config.json', { ...config, model_type: type });
    }
    default:
      return model(
        `${file} is a binary file`,
        file,
        Uint8Array.from({ length: 1 + magnitude(random, 12) }, () => 128 + random.integer(128)),
      );
  }
};

/** The index of shards: paths that lead elsewhere, names that are not there. */
export const indexFile: Family = (random, i) => {
  const map: Record<string, unknown> = { ...index.weight_map };
  const name = pick(random, Object.keys(map));
  const OUTSIDE = [
    '../model/model.safetensors',
    '/etc/passwd',
    '..',
    '.',
    '',
    '..\\model.safetensors',
    'a/../../b.safetensors',
    'C:\\weights',
    'model.safetensors\0.json',
    '//host/share',
    './model-00001-of-00003.safetensors',
    '%2e%2e/model.safetensors',
    '~/model.safetensors',
    'file:///etc/passwd',
    '/dev/zero',
    '/proc/self/mem',
  ];
  const changed = (problem: string, value: Content) => ({
    ...model(`index: ${problem}`, 'model.safetensors.index.json', value, 'llama3-tiny-sharded'),
    codes: /^(INVALID_INDEX|INVALID_JSON|MISSING_FILE|UNREADABLE_FILE)$/,
  });
  switch (i % 6) {
    case 0:
    case 1:
      map[name] = OUTSIDE[i % OUTSIDE.length];
      return changed(`a shard called ${JSON.stringify(map[name])}`, { weight_map: map });
    case 2:
      map[name] = pick(random, [7, null, ['model.safetensors'], { file: 'x' }, true]);
      return changed('a shard that is no name', { weight_map: map });
    case 3: {
      const [first, second] = [...new Set(Object.values(index.weight_map))];
      map[name] = map[name] === first ? second : first;
      return changed('a tensor in another shard', { weight_map: map });
    }
    case 4:
      map[pick(random, ['toString', 'lm_head.bias', 'constructor', 'x'.repeat(magnitude(random, 16))])] =
        index.weight_map[name];
      return changed('a tensor that is not there', { weight_map: map });
    default: {
      const bomb = jsonBomb(random, i);
      return changed(bomb.name, bomb.content);
    }
  }
};

/** Files that commands take beside logs and models. */
export const otherJson: Family = (random, i) => {
  const bomb = jsonBomb(random, i);
  const targets = [
    {
      file: 'settings.json',
      command: ['evaluate', '@log.jsonl', '--config', '@settings.json'],
      codes: /^CONFIG_(UNREADABLE|UNKNOWN)$/,
    },
    { file: 'run.json', command: ['report', '@run.json', '-o', '@report.html'], codes: /^REPORT_INPUT$/ },
    {
      file: 'prompts.json',
      command: [
        'import',
        'generic',
        '@raw.jsonl',
        '--prompts',
        '@prompts.json',
        '--map',
        'text=text',
        '-o',
        '@out.jsonl',
      ],
      codes: /^PROMPTS_INVALID$/,
    },
    {
      file: 'adapter/adapter_config.json',
      command: [...SCORE_MODEL, '--adapter', '@adapter'],
      codes: /^(INVALID_JSON|UNREADABLE_FILE|MISSING_FILE)$/,
    },
  ];
  const { file, command, codes } = targets[i % targets.length]!;
  return {
    name: `${file}: ${bomb.name}`,
    model: 'llama3-tiny',
    files: { 'raw.jsonl': '{"text":"a"}\n', [file]: bomb.content },
    command,
    codes,
  };
};
