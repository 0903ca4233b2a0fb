/** @file The columns that tables of studies have, named and scaled as in the paper. */
import type { MetricName } from '../../metrics/measure/result.js';

export interface Column {
  key: string;
  label: string;
  /** Numbers are printed times this; table.json has them as they are. */
  scale: number;
  decimals: number;
  better: 'higher' | 'lower';
}

/** V by the decomposed estimator, its index under 'tokens' (the paper's figure), and the judge's win rate. */
export type ColumnKey = MetricName | 'value' | 'index' | 'winRate';

const fraction = { scale: 1, decimals: 4, better: 'higher' } as const;
const percent = { scale: 100, decimals: 2, better: 'higher' } as const;
const lower = { better: 'lower' } as const;

const COLUMNS: Record<ColumnKey, Omit<Column, 'key'>> = {
  plScore: { label: 'PL-Score', ...fraction },
  plScoreMax: { label: 'PL-Score (max)', ...fraction },
  pluralisticCoverage: { label: 'Coverage', ...fraction },
  opinionCoverage: { label: 'Opinion coverage', ...fraction },
  distributionalAlignment: { label: 'Alignment', ...fraction },
  totalVariation: { label: 'Total variation', ...fraction, ...lower },
  jensenShannonDistance: { label: 'Jensen-Shannon', ...fraction, ...lower },
  helpfulness: { label: 'Hel.', ...percent },
  relevance: { label: 'Rel.', ...percent },
  diversity: { label: 'Diversity', ...fraction },
  distinct1: { label: 'D-1', ...percent },
  distinct2: { label: 'D-2', ...percent },
  selfBleu: { label: 'Self-BLEU', ...fraction, ...lower },
  selfBleuPerQuery: { label: 'Self-BLEU per query', ...fraction, ...lower },
  alignScore: { label: 'AlignScore', ...fraction },
  perplexity: { label: 'Fluency (perplexity)', scale: 1, decimals: 2, ...lower },
  value: { label: 'V', ...fraction },
  index: { label: 'V index', ...fraction },
  winRate: { label: 'Win rate', ...percent },
};

export function columnsOf(keys: readonly ColumnKey[]): Column[] {
  return keys.map((key) => ({ key, ...COLUMNS[key] }));
}
