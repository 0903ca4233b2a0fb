/**
 * @file `pope-native/kernels`: the token kernels over plain typed arrays, for callers that have logits and no model of
 * this library. Work runs on a native thread; arrays must be left unchanged until the promise settles.
 */
import { describeValue, UsageError } from '../errors.js';
import { hostQueue } from './host-queue.js';

/** f32 logits are a Float32Array, f16 and bf16 the bit patterns in a Uint16Array. */
export type LogitsDType = 'f32' | 'f16' | 'bf16';

/** Rows of logits with the token that was written at each. */
export interface TokenRows {
  /** [rows * vocab], row-major: scores of every token of the vocabulary at each position; -inf for a masked token. */
  logits: Float32Array | Uint16Array;
  dtype: LogitsDType;
  rows: number;
  vocab: number;
  /** [rows] The token that was written at each position, in [0, vocab). */
  targets: Int32Array;
  /** Default 'cpu'. On 'cuda' the arrays are copied to the GPU and the results back. */
  device?: 'cpu' | 'cuda';
}

/** What `tokenLogProbs` gives for each row. */
export interface TokenLogProbs {
  /** [rows] log p(target), nats. */
  logProbs: Float32Array;
  /** [rows] log sum_v exp z_v, nats. */
  logSumExp: Float32Array;
}

/** The same with the entropy of each row. */
export interface TokenLogProbsWithEntropy extends TokenLogProbs {
  /** [rows] -sum_v p_v log p_v over the whole vocabulary, nats. */
  entropies: Float32Array;
}

/** Rows, and the derivatives of J by what was computed of them. */
export interface TokenLogProbsGradientRequest extends TokenRows {
  /** [rows] g = dJ / dlogProb. */
  logProbGradient: Float32Array;
  /** [rows] h = dJ / dentropy; omitted: 0. */
  entropyGradient?: Float32Array;
  /** [rows] What `tokenLogProbs` gave for these rows, with `entropies` where `entropyGradient` is given: then the CPU reads the logits once, not twice. */
  logProbs?: Float32Array;
  entropies?: Float32Array;
  /** [rows * vocab] Where the result goes; default: a new array, whose memory takes the system longer to clear than the kernel to fill. */
  logitsGradient?: Float32Array | Uint16Array;
}

/** In the order of pope_dtype. */
const logitsDTypes = ['f32', 'f16', 'bf16'] as const satisfies LogitsDType[];

/**
 * Log-probability of each row's target under softmax(logits), the log-sum-exp, and with `entropy: true` the entropy
 * (docs/theory.md section 2). One pass over the logits, accumulated so that the results are as exact as float32 holds.
 * A masked token (-inf) has probability 0; NaN in a row makes that row's results NaN.
 *
 * Throws `UsageError` KERNEL_ARGUMENT; rejects with `NativeError` OUT_OF_RANGE, whose `index` is the row, for a target
 * outside the vocabulary; throws `UnavailableError` for a device that is not there.
 */
export async function tokenLogProbs(request: TokenRows & { entropy: true }): Promise<TokenLogProbsWithEntropy>;
export async function tokenLogProbs(request: TokenRows & { entropy?: boolean }): Promise<TokenLogProbs>;
export async function tokenLogProbs(
  request: TokenRows & { entropy?: boolean },
): Promise<TokenLogProbs | TokenLogProbsWithEntropy> {
  const { dims, rows, queue } = checkRows('tokenLogProbs', request);
  const logProbs = new Float32Array(rows);
  const logSumExp = new Float32Array(rows);
  const entropies = request.entropy ? new Float32Array(rows) : null;
  await queue.runHost('token_logprobs', [request.logits, request.targets], [logProbs, entropies, logSumExp], dims, []);
  return entropies ? { logProbs, entropies, logSumExp } : { logProbs, logSumExp };
}

/**
 * Gradient with respect to the logits of an objective J whose derivatives by each row's log-probability (g) and entropy
 * (h) are given: dJ/dz_v = g (1[v = target] - p_v) - h p_v (log p_v + H) (docs/theory.md section 5). The result has the
 * dtype of the logits and is rounded to it once.
 *
 * Throws and rejects as `tokenLogProbs`.
 */
export async function tokenLogProbsGradient(
  request: TokenLogProbsGradientRequest,
): Promise<{ /** [rows * vocab] */ logitsGradient: Float32Array | Uint16Array }> {
  const { dims, rows, Kind, queue } = checkRows('tokenLogProbsGradient', request);
  const { logits, targets, logProbGradient, entropyGradient, logProbs, entropies } = request;
  expectArray('tokenLogProbsGradient: logProbGradient', logProbGradient, Float32Array, rows);
  for (const [name, array] of Object.entries({ entropyGradient, logProbs, entropies })) {
    if (array) expectArray(`tokenLogProbsGradient: ${name}`, array, Float32Array, rows);
  }
  if (request.logitsGradient) {
    expectArray('tokenLogProbsGradient: logitsGradient', request.logitsGradient, Kind, rows * request.vocab);
  }
  const logitsGradient = request.logitsGradient ?? new Kind(logits.length);
  await queue.runHost(
    'token_logprobs_grad',
    [logits, targets, logProbGradient, entropyGradient ?? null, logProbs ?? null, entropies ?? null],
    [logitsGradient],
    dims,
    [],
  );
  return { logitsGradient };
}

function checkRows(name: string, { logits, dtype, rows, vocab, targets, device = 'cpu' }: TokenRows) {
  if (device !== 'cpu' && device !== 'cuda')
    throw invalid(`${name}: device: expected "cpu" or "cuda", got ${describeValue(device)}`);
  const code = logitsDTypes.indexOf(dtype);
  if (code < 0) {
    throw invalid(`${name}: dtype: expected one of ${logitsDTypes.join(', ')}; got ${describeValue(dtype)}`);
  }
  for (const [size, value] of Object.entries({ rows, vocab })) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw invalid(`${name}: ${size}: expected a whole number, at least 0; got ${describeValue(value)}`);
    }
  }
  const Kind = dtype === 'f32' ? Float32Array : Uint16Array;
  expectArray(`${name}: logits (${dtype}, rows x vocab)`, logits, Kind, rows * vocab);
  expectArray(`${name}: targets`, targets, Int32Array, rows);
  return { dims: [rows, vocab, code], rows, Kind, queue: hostQueue(device) };
}

type ArrayKind = typeof Float32Array | typeof Uint16Array | typeof Int32Array;

function expectArray(what: string, array: unknown, Kind: ArrayKind, length: number): void {
  if (!(array instanceof Kind)) throw invalid(`${what}: expected a ${Kind.name}, got ${describeValue(array)}`);
  if (array.length !== length) throw invalid(`${what}: expected ${length} elements, got ${array.length}`);
}

function invalid(message: string): UsageError {
  return new UsageError('KERNEL_ARGUMENT', message);
}
