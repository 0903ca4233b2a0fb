/**
 * gpt2, llama, qwen3 and phi3 in plain double loops over one sequence, straight from the fields of config.json: the
 * reference for settings that no golden fixture has. Only what those tests need: default and linear rotary embedding.
 */
export interface SlowWeights {
  [name: string]: { shape: number[]; values: Float32Array };
}

type Config = Record<string, unknown>;
type Matrix = number[][];

/** Logits of every position, [positions][vocabulary]. */
export function slowLogits(config: Config, weights: SlowWeights, ids: readonly number[]): Matrix {
  return config.model_type === 'gpt2' ? slowGpt2(config, weights, ids) : slowLlama(config, weights, ids);
}

const number = (config: Config, field: string, otherwise?: number) => (config[field] ?? otherwise) as number;
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const sum = (a: Matrix, b: Matrix): Matrix => a.map((row, i) => row.map((x, j) => x + b[i]![j]!));
const slice = (x: Matrix, start: number, count: number): Matrix => x.map((row) => row.slice(start, start + count));

function vector(weights: SlowWeights, name: string): number[] {
  return Array.from(weights[name]!.values);
}

function rows(weights: SlowWeights, name: string): Matrix {
  const width = weights[name]!.shape[1]!;
  const all = vector(weights, name);
  return Array.from({ length: weights[name]!.shape[0]! }, (_, r) => all.slice(r * width, (r + 1) * width));
}

/** x W^T + b for W [out, in], x W + b for W [in, out]. */
function linear(x: Matrix, weights: SlowWeights, name: string, layout: 'out-in' | 'in-out'): Matrix {
  const matrix = rows(weights, `${name}.weight`);
  const outputs = layout === 'out-in' ? matrix : matrix[0]!.map((_, j) => matrix.map((row) => row[j]!));
  const bias = weights[`${name}.bias`]?.values;
  return x.map((row) => outputs.map((output, j) => dot(row, output) + (bias?.[j] ?? 0)));
}

function causalAttention(q: Matrix, k: Matrix, v: Matrix, heads: number, keyValueHeads: number, scale: number): Matrix {
  const head = q[0]!.length / heads;
  return q.map((_, t) =>
    Array.from({ length: heads }, (_, h) => {
      const shared = Math.floor(h / (heads / keyValueHeads));
      const query = slice(q, h * head, head)[t]!;
      const scores = Array.from({ length: t + 1 }, (_, s) => scale * dot(query, slice(k, shared * head, head)[s]!));
      const weights = scores.map((score) => Math.exp(score - Math.max(...scores)));
      const total = weights.reduce((a, b) => a + b, 0);
      const values = slice(v, shared * head, head);
      return Array.from({ length: head }, (_, i) =>
        weights.reduce((mix, w, s) => mix + (w / total) * values[s]![i]!, 0),
      );
    }).flat(),
  );
}

/** erf by its Taylor series, enough for |x| < 6. */
function erf(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

function slowGpt2(config: Config, weights: SlowWeights, ids: readonly number[]): Matrix {
  const width = number(config, 'n_embd');
  const heads = number(config, 'n_head');
  const norm = (x: Matrix, name: string) =>
    x.map((row) => {
      const mean = row.reduce((a, b) => a + b, 0) / width;
      const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / width;
      const deviation = Math.sqrt(variance + number(config, 'layer_norm_epsilon'));
      return row.map(
        (x, i) =>
          ((x - mean) / deviation) * vector(weights, `${name}.weight`)[i]! + vector(weights, `${name}.bias`)[i]!,
      );
    });
  const gelu = (x: number) =>
    config.activation_function === 'gelu'
      ? (x / 2) * (1 + erf(x / Math.SQRT2))
      : (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  const scale = config.scale_attn_weights === false ? 1 : 1 / Math.sqrt(width / heads);
  const scaleOf = (layer: number) => (config.scale_attn_by_inverse_layer_idx ? scale / (layer + 1) : scale);
  let x = ids.map((id, t) => rows(weights, 'wte.weight')[id]!.map((e, i) => e + rows(weights, 'wpe.weight')[t]![i]!));
  for (let i = 0; i < number(config, 'n_layer'); i++) {
    const qkv = linear(norm(x, `h.${i}.ln_1`), weights, `h.${i}.attn.c_attn`, 'in-out');
    const mixed = causalAttention(
      slice(qkv, 0, width),
      slice(qkv, width, width),
      slice(qkv, 2 * width, width),
      heads,
      heads,
      scaleOf(i),
    );
    x = sum(x, linear(mixed, weights, `h.${i}.attn.c_proj`, 'in-out'));
    const hidden = linear(norm(x, `h.${i}.ln_2`), weights, `h.${i}.mlp.c_fc`, 'in-out').map((row) => row.map(gelu));
    x = sum(x, linear(hidden, weights, `h.${i}.mlp.c_proj`, 'in-out'));
  }
  const head = rows(weights, config.tie_word_embeddings === false ? 'lm_head.weight' : 'wte.weight');
  return norm(x, 'ln_f').map((row) => head.map((output) => dot(row, output)));
}

function slowLlama(config: Config, weights: SlowWeights, ids: readonly number[]): Matrix {
  const heads = number(config, 'num_attention_heads');
  const keyValueHeads = number(config, 'num_key_value_heads', heads);
  const head = number(config, 'head_dim', number(config, 'hidden_size') / heads);
  const intermediate = number(config, 'intermediate_size');
  const phi = config.model_type === 'phi3';
  const normRow = (row: number[], name: string) => {
    const size = Math.sqrt(dot(row, row) / row.length + number(config, 'rms_norm_eps'));
    return row.map((x, i) => (x / size) * vector(weights, `${name}.weight`)[i]!);
  };
  const norm = (x: Matrix, name: string) => x.map((row) => normRow(row, name));
  const perHead = (x: Matrix, change: (part: number[], position: number) => number[]) =>
    x.map((row, t) =>
      Array.from({ length: row.length / head }, (_, h) => change(row.slice(h * head, (h + 1) * head), t)).flat(),
    );
  const rotary = Math.floor(head * number(config, 'partial_rotary_factor', 1));
  const factor = ((config.rope_scaling as Config | null)?.factor ?? 1) as number;
  const rotate = (part: number[], position: number) =>
    part.map((x, i) => {
      if (i >= rotary) return x;
      const pair = i % (rotary / 2);
      const angle = position / factor / number(config, 'rope_theta', 10000) ** ((2 * pair) / rotary);
      const partner = i < rotary / 2 ? -part[i + rotary / 2]! : part[i - rotary / 2]!;
      return x * Math.cos(angle) + partner * Math.sin(angle);
    });
  let x = ids.map((id) => rows(weights, 'model.embed_tokens.weight')[id]!);
  for (let i = 0; i < number(config, 'num_hidden_layers'); i++) {
    const layer = `model.layers.${i}`;
    const normed = norm(x, `${layer}.input_layernorm`);
    const fused = phi ? linear(normed, weights, `${layer}.self_attn.qkv_proj`, 'out-in') : null;
    const project = (name: string, start: number, count: number) =>
      fused ? slice(fused, start, count) : linear(normed, weights, `${layer}.self_attn.${name}_proj`, 'out-in');
    let q = project('q', 0, heads * head);
    let k = project('k', heads * head, keyValueHeads * head);
    const v = project('v', (heads + keyValueHeads) * head, keyValueHeads * head);
    if (config.model_type === 'qwen3') {
      q = perHead(q, (part) => normRow(part, `${layer}.self_attn.q_norm`));
      k = perHead(k, (part) => normRow(part, `${layer}.self_attn.k_norm`));
    }
    const mixed = causalAttention(perHead(q, rotate), perHead(k, rotate), v, heads, keyValueHeads, 1 / Math.sqrt(head));
    x = sum(x, linear(mixed, weights, `${layer}.self_attn.o_proj`, 'out-in'));
    const after = norm(x, `${layer}.post_attention_layernorm`);
    const both = phi ? linear(after, weights, `${layer}.mlp.gate_up_proj`, 'out-in') : null;
    const gate = both ? slice(both, 0, intermediate) : linear(after, weights, `${layer}.mlp.gate_proj`, 'out-in');
    const up = both
      ? slice(both, intermediate, intermediate)
      : linear(after, weights, `${layer}.mlp.up_proj`, 'out-in');
    const hidden = gate.map((row, t) => row.map((g, j) => (g / (1 + Math.exp(-g))) * up[t]![j]!));
    x = sum(x, linear(hidden, weights, `${layer}.mlp.down_proj`, 'out-in'));
  }
  const output = rows(weights, config.tie_word_embeddings ? 'model.embed_tokens.weight' : 'lm_head.weight');
  return norm(x, 'model.norm').map((row) => output.map((vector) => dot(row, vector)));
}
