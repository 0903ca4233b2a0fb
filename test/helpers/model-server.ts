import { setTimeout } from 'node:timers/promises';
import type { CausalModel } from '../../src/models/causal-model.js';
import { type FakeAnswer, fakeServer } from './fake-server.js';

/** Ways in which servers give wrong log-probabilities. */
export type Defect =
  | 'echo-ignored'
  | 'first-token-dropped'
  | 'first-of-response-null'
  | 'follows-temperature'
  | 'follows-top-p'
  | 'top-k-only'
  | 'top-k-renormalised'
  | 'logits'
  | 'retokenised'
  | 'extra-bos'
  | 'stale-prefix'
  | 'stale-response'
  | 'noise';

export interface ServerManners {
  /** Forms that it knows; default both. */
  forms?: readonly ('prompt_logprobs' | 'echo')[];
  /** What it takes as a prompt; text gets a BOS in front. Default ids. */
  takes?: 'ids' | 'text';
  defect?: Defect;
  /** Most alternatives that it gives; more are refused. Default 20. */
  maxTop?: number;
  /** Milliseconds that it waits before it computes an answer, one after the other. Default 0. */
  pause?: number;
  /** Called before every answer: what the server does instead, if anything. */
  instead?: (number: number) => FakeAnswer | null;
}

const TOP_K = 20;

/** A server of OpenAI's /completions around a model of ours; closed after the test. */
export async function modelServer(model: CausalModel, manners: ServerManners = {}) {
  const { forms = ['prompt_logprobs', 'echo'], takes = 'ids', defect, maxTop = 20, pause = 0, instead } = manners;
  const tokenizer = model.tokenizer!;
  const prefixes: number[][] = [];
  const responses = new Map<string, number[]>();
  let queue: Promise<unknown> = Promise.resolve();

  // biome-ignore lint/suspicious/noExplicitAny: whatever a client sends
  async function respond(body: any): Promise<FakeAnswer> {
    if (typeof body.prompt === 'string' ? takes === 'ids' : takes === 'text') {
      return { status: 400, text: 'prompt: wrong type' };
    }
    const top = body.prompt_logprobs ?? body.logprobs ?? 0;
    if (top > maxTop) return { status: 400, text: `at most ${maxTop} logprobs` };
    const ids = promptIds(body.prompt);
    const sampling = { temperature: body.temperature, topP: body.top_p, topK: body.top_k ?? 0, seed: body.seed ?? 0 };
    const generated = await model.generate(ids, { maxTokens: body.max_tokens, ...sampling });
    const ended = generated.at(-1) === tokenizer.eosId;
    const choice: Record<string, unknown> = {
      index: 0,
      text: tokenizer.decode(ended ? generated.slice(0, -1) : generated),
      finish_reason: ended ? 'stop' : 'length',
    };
    const usage = { prompt_tokens: ids.length, completion_tokens: generated.length };
    const known = (form: 'prompt_logprobs' | 'echo') => forms.includes(form) && defect !== 'echo-ignored';
    if (body.prompt_logprobs !== undefined && known('prompt_logprobs')) {
      const places = await placesOf(ids, body, top);
      choice.prompt_logprobs = dropped(
        places.map((place, k) =>
          place === null
            ? null
            : Object.fromEntries(place.map(([id, logprob]) => [id, { logprob: told(k, id, logprob) }])),
        ),
      );
    } else if (body.logprobs !== undefined) {
      const places = body.echo && known('echo') ? await placesOf(ids, body, top) : [];
      const own = places.map((place, k) => place?.find(([id]) => id === ids[k])?.[1] ?? null);
      const echoed = places.length > 0 ? ids : [];
      choice.logprobs = {
        tokens: dropped([...echoed, generated[0]!].map((id) => tokenizer.decode([id]))),
        token_logprobs: dropped([...own.map((logprob, k) => told(k, ids[k]!, logprob)), -1]),
        top_logprobs: dropped([
          ...places.map((place) => place && Object.fromEntries(place.map(([id, logprob]) => [`t${id}`, logprob]))),
          null,
        ]),
      };
    }
    return { model: body.model, choices: [choice], usage };
  }

  function promptIds(prompt: string | number[]): number[] {
    const bos = tokenizer.bosId!;
    if (Array.isArray(prompt)) return defect === 'extra-bos' ? [bos, ...prompt] : prompt;
    return [bos, ...tokenizer.encode(defect === 'retokenised' ? prompt.replaceAll('e', 'ee') : prompt)];
  }

  /** For each token the likeliest ones and itself, with log-probabilities; null for the first. */
  // biome-ignore lint/suspicious/noExplicitAny: see above
  async function placesOf(ids: number[], body: any, top: number): Promise<([number, number][] | null)[]> {
    const vocabulary = model.vocabulary;
    const logits = await model.logits(ids);
    const places = ids.map((id, k): [number, number][] | null => {
      if (k === 0) return null;
      const row = [...logits.subarray((k - 1) * vocabulary, k * vocabulary)];
      const all = distribution(row, {
        temperature: defect === 'follows-temperature' ? body.temperature : 1,
        topP: defect === 'follows-top-p' ? body.top_p : 1,
        topK: defect === 'top-k-renormalised' ? TOP_K : 0,
      });
      const shown = all.slice(0, top);
      if (defect === 'top-k-only') return all.slice(0, TOP_K).filter(([other], i) => i < top || other === id);
      const own = all.find(([other]) => other === id) ?? ([id, -9999] as [number, number]);
      return shown.some(([other]) => other === id) ? shown : [...shown, own];
    });
    return stale(ids, places);
  }

  function stale(ids: readonly number[], places: ([number, number][] | null)[]): ([number, number][] | null)[] {
    const values = places.map((place, k) => place?.find(([id]) => id === ids[k])?.[1] ?? 0);
    const replace = (cached: readonly (number | undefined)[]) =>
      places.map(
        (place, k) =>
          place?.map(([id, value]): [number, number] => [id, id === ids[k] ? (cached[k] ?? value) : value]) ?? null,
      );
    if (defect === 'stale-prefix') {
      prefixes.push(values);
      return replace(prefixes[0]!);
    }
    if (defect === 'stale-response') {
      const key = ids.slice(-TOP_K).join();
      const cached = responses.get(key) ?? values.toReversed();
      responses.set(key, cached);
      return replace(values.map((_, k) => cached[values.length - 1 - k]));
    }
    return places;
  }

  function told(k: number, id: number, logprob: number | null): number | null {
    // A response of the probe begins where its query ends, which is after a question mark or a full stop.
    if (defect === 'first-of-response-null' && id === 'T'.charCodeAt(0) && k > 30) return null;
    if (logprob !== null && defect === 'noise') return logprob - Math.random();
    if (logprob !== null && defect === 'logits') return logprob + 10;
    return logprob;
  }

  function dropped<T>(list: T[]): T[] {
    return defect === 'first-token-dropped' ? list.slice(1) : list;
  }

  let [open, most] = [0, 0];
  const server = await fakeServer(async ({ body }, number) => {
    const other = instead?.(number);
    if (other) return other;
    most = Math.max(most, ++open);
    const answer = queue.then(() => setTimeout(pause)).then(() => respond(body));
    queue = answer.catch(() => {});
    return answer.finally(() => open--);
  });
  /** Most requests that were open at a time. */
  return { ...server, most: () => most };
}

/** Ids with log-probabilities, the most probable first; what sampling leaves out is left out. */
function distribution(
  logits: readonly number[],
  { temperature, topP, topK }: { temperature: number; topP: number; topK: number },
): [number, number][] {
  const scaled = logits.map((logit, id): [number, number] => [id, logit / temperature]).sort((a, b) => b[1] - a[1]);
  const normalise = (items: [number, number][]): [number, number][] => {
    const most = items[0]![1];
    const sum = items.reduce((total, [, logit]) => total + Math.exp(logit - most), 0);
    return items.map(([id, logit]) => [id, logit - most - Math.log(sum)]);
  };
  let kept = normalise(topK > 0 ? scaled.slice(0, topK) : scaled);
  if (topP < 1) {
    let mass = 0;
    kept = normalise(
      kept.filter(([, logprob]) => {
        const before = mass;
        mass += Math.exp(logprob);
        return before < topP;
      }),
    );
  }
  return kept;
}
