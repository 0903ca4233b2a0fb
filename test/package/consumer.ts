/**
 * What a program in strict TypeScript does with the package, once as an ES module and once as CommonJS. It says the same
 * twice in one process and in a worker.
 */
const body = (main: string, self: string) => `
async function work(): Promise<string> {
  const k = 2;
  const { value } = estimate(
    { reward: Float64Array.of(1, 0), action: Int32Array.of(0, 1), propensity: Float64Array.of(0.5, 0.5), policy: Float64Array.of(1, 0, 1, 0), k },
    'ips',
  );
  const logits = Float32Array.of(Math.log(2), 0, 0);
  const { logProbs, entropies } = await tokenLogProbs({ logits, dtype: 'f32', rows: 1, vocab: 3, targets: Int32Array.of(0), entropy: true });
  const diversity = distinct(['a b', 'b c'], 1);
  let code = '';
  try {
    await LoggedDataset.open('nowhere.jsonl');
  } catch (error) {
    if (error instanceof PopeError) code = error.code;
  }
  const device: DoctorReport['binary'] = diagnose().binary;
  return [value, logProbs[0]!.toFixed(4), entropies[0]!.toFixed(4), diversity, code, device?.kind].join(' ');
}

async function start(): Promise<void> {
  if (!isMainThread) return parentPort!.postMessage(await work());
  const said = [await work(), await work()];
  said.push(await new Promise<string>((resolve, reject) => new Worker(${self}).on('message', resolve).on('error', reject)));
  console.log(said.join('\\n'));
}
${main}
`;

const names = `import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { type DoctorReport, diagnose, LoggedDataset, PopeError } from 'pope-native';
import type { AlignOptions } from 'pope-native/align';
import { readVectors } from 'pope-native/conformance';
import type { Slate } from 'pope-native/data';
import type { Encoder } from 'pope-native/encoders';
import { estimate } from 'pope-native/estimators';
import type { JudgeOptions } from 'pope-native/judge';
import { tokenLogProbs } from 'pope-native/kernels';
import type { LabelOptions } from 'pope-native/labels';
import { distinct } from 'pope-native/metrics';
import type { CausalModel } from 'pope-native/models';

export type Everything = [AlignOptions, Slate, Encoder, JudgeOptions, LabelOptions, CausalModel];
export const vectors: number = readVectors().length;
`;

export const esModule = names + body('await start();', 'new URL(import.meta.url)');
export const commonJs = names + body('void start();', '__filename');

export const tsconfig = (typeRoots: string): string =>
  JSON.stringify({
    compilerOptions: {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      target: 'ES2022',
      lib: ['ES2023'],
      module: 'nodenext',
      typeRoots: [typeRoots],
      types: ['node'],
    },
    files: ['main.mts', 'main.cts'],
  });
