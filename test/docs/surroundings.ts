import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { splitOf } from '../../src/data/split.js';
import { packageRoot } from '../../src/native/loader.js';
import { scoreLines, smallLog, writeLog } from '../cli/logs.js';
import { tinyBert } from '../helpers/tiny-encoder.js';
import { installInto } from './library.js';

/** A clone as the tutorial finds it; what it makes in its folder `try` is what the commands of other pages work on. */
const clone = mkdtempSync(join(tmpdir(), 'pope-clone-'));
for (const name of ['docs', 'test']) symlinkSync(join(packageRoot, name), join(clone, name));
const trial = join(clone, 'try');

/** The pages whose blocks others build on come first, in this order. */
export const FIRST = ['docs/tutorial.md', 'docs/how-to.md'];

interface Surroundings {
  /** Names that the commands use, and what stands there: paths in the folder of the tutorial. */
  files?: Readonly<Record<string, string>>;
  /** Whether the page has a log of its own, `log.jsonl`, with `logging.jsonl` beside it. */
  log?: boolean;
  /** Whether it has an encoder, `all-MiniLM-L6-v2`. */
  encoder?: boolean;
  /** What is typed before its first block. */
  typed?: string;
}

const SURROUNDINGS: Readonly<Record<string, Surroundings>> = {
  'README.md': { files: { 'my-model': 'my-model', 'logging-model': 'my-model' } },
  'docs/encoders.md': { log: true, encoder: true },
  'docs/formats.md': {
    log: true,
    files: { model: 'my-model' },
    typed: `
      printf 'item_id,click,propensity_score\\n1,0,0.1\\n2,1,0.2\\n' | gzip > log.csv.gz
      pope score log.jsonl --model model -o target.jsonl`,
  },
  'docs/metrics.md': {
    log: true,
    encoder: true,
    files: { model: 'my-model', 'Llama-3.2-1B-Instruct': 'my-model', 'run/model': 'votes/model' },
    typed: `
      echo '{"question":"Q: Two and two? A:","choices":[" four"," five"],"answer":0}' > items.jsonl
      echo '{"question":"Q: Is rain wet? A:","choices":[" no"," yes"],"answer":1}' >> items.jsonl`,
  },
  'docs/remote.md': {
    log: true,
    files: { 'Qwen3-8B': 'my-model', base: 'my-model', 'my-model': 'my-model', adapter: 'lora/adapter' },
  },
  'docs/report.md': {
    log: true,
    files: { 'old.json': 'old.json', 'new.json': 'new.json', model: 'my-model', trained: 'votes/model' },
    typed: `
      pope score log.jsonl --model model -o a.jsonl
      pope score log.jsonl --model trained -o b.jsonl
      pope compare log.jsonl --targets a.jsonl b.jsonl --logging log --json > comparison.json
      pope generate log.jsonl --model model --split test --max-tokens 8 -o sft.jsonl
      pope generate log.jsonl --model trained --split test --max-tokens 8 -o pope.jsonl`,
  },
  'docs/training.md': { log: true, files: { base: 'my-model', gpt2: 'my-model' } },
};

/** The folder in which the blocks of a page are run, and what is typed there first. */
export function surroundingsOf(page: string): { folder: string; typed: string } {
  if (page === 'docs/tutorial.md') return { folder: clone, typed: '' };
  if (page === 'docs/how-to.md') return { folder: trial, typed: '' };
  const { files = {}, log, encoder, typed = '' } = SURROUNDINGS[page] ?? {};
  const folder = mkdtempSync(join(tmpdir(), 'pope-page-'));
  installInto(folder);
  for (const [name, source] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    cpSync(join(trial, source), join(folder, name), { recursive: true });
  }
  if (log) writeLogs(folder);
  if (encoder) symlinkSync(tinyBert(folder), join(folder, 'all-MiniLM-L6-v2'));
  return { folder, typed };
}

/** Queries of every split, with votes, opinions and propensities. */
function writeLogs(folder: string): void {
  const wanted = { train: 10, validation: 2, test: 2 };
  const slates = smallLog(100).filter(({ id }) => wanted[splitOf(id)]-- > 0);
  for (const { responses } of slates) {
    for (const [i, response] of responses.entries()) response.opinion = i % 2 === 0 ? 'yes' : 'no';
  }
  writeLog(join(folder, 'log.jsonl'), slates);
  writeFileSync(join(folder, 'logging.jsonl'), `${scoreLines(slates, 'logger', 1).join('\n')}\n`);
}
