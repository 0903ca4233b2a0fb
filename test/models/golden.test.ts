import { describeGoldenScores } from '../helpers/golden-scores.js';
import { CAUSAL_FIXTURES } from '../helpers/model-fixtures.js';

for (const name of CAUSAL_FIXTURES) describeGoldenScores(name, 'cpu');
