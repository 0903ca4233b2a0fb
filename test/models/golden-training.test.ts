import { describeGoldenTraining } from '../helpers/golden-training.js';
import { CAUSAL_FIXTURES } from '../helpers/model-fixtures.js';

for (const name of CAUSAL_FIXTURES) describeGoldenTraining(name, 'cpu');
