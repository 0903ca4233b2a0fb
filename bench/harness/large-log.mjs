import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';

const WORDS = ['yes', 'no', 'maybe so', 'not at all', 'ask again', 'it depends', 'of course', 'hardly'];

/**
 * Writes a log of `queries` slates of `slate` tiny responses and the scores of two policies, with the fields that every line of a
 * score file must have, from a fixed linear congruential sequence.
 *
 * @returns {Promise<{ log: string, target: string, logging: string }>} paths in `folder`
 */
export async function writeLargeLog(folder, queries, slate) {
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const paths = Object.fromEntries(['log', 'target', 'logging'].map((name) => [name, join(folder, `${name}.jsonl`)]));
  const streams = Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, createWriteStream(path)]));
  for (let i = 0; i < queries; ) {
    const text = { log: '', target: '', logging: '' };
    for (const end = Math.min(queries, i + 1000); i < end; i++) {
      const responses = [];
      for (let k = 0; k < slate; k++) {
        const words = WORDS[Math.floor(uniform() * WORDS.length)];
        const tokens = 1 + words.split(' ').length;
        const logging = -tokens * (0.5 + uniform());
        const target = Math.min(-0.01, logging + 0.6 * (uniform() + uniform() - 1));
        responses.push(`{"id":"r${k}","text":"${words}","signal":${Math.floor(8 * uniform() ** 2)}}`);
        const score = (policy, logprob) =>
          `{"query":"q${i}","response":"r${k}","policy":"${policy}","logprob":${logprob.toFixed(6)},"tokens":${tokens}}\n`;
        text.target += score('target', target);
        text.logging += score('logging', logging);
      }
      text.log += `{"id":"q${i}","prompt":"Question ${i}?","responses":[${responses.join(',')}]}\n`;
    }
    for (const [name, stream] of Object.entries(streams)) {
      if (!stream.write(text[name])) await once(stream, 'drain');
    }
  }
  await Promise.all(Object.values(streams).map((stream) => once(stream.end(), 'finish')));
  return paths;
}
