import { describeValue, UsageError } from '../../errors.js';

/** How much is trained, logged and sampled. What an experiment was begun with, it goes on with. */
export interface Budget {
  /** Steps of 48 texts on which the base model is trained. */
  baseSteps: number;
  /** Steps of 48 responses of every method. */
  steps: number;
  /** Slates of 6 that are logged of every query. */
  slatesPerQuery: number;
  /** The same of the log from which V_Z is computed, on test queries only. */
  limitSlatesPerQuery: number;
  /** Answers to each test query, at each temperature. */
  samples: number;
  /** In (0, ..]; 1, the policy itself, is one of them. */
  temperatures: readonly number[];
}

export const FULL_BUDGET: Budget = {
  baseSteps: 900,
  steps: 500,
  slatesPerQuery: 8,
  limitSlatesPerQuery: 20,
  samples: 50,
  temperatures: [0.5, 0.7, 0.85, 1],
};

/** Enough to see that everything runs, too little to compare anything. */
export const QUICK_BUDGET: Budget = {
  baseSteps: 40,
  steps: 10,
  slatesPerQuery: 1,
  limitSlatesPerQuery: 1,
  samples: 6,
  temperatures: [1],
};

/** @throws UsageError OPTION */
export function checkBudget(budget: Budget): void {
  for (const name of ['baseSteps', 'steps', 'slatesPerQuery', 'limitSlatesPerQuery', 'samples'] as const) {
    const value = budget[name];
    if (!(Number.isSafeInteger(value) && value >= 1)) refuse(name, 'a whole number of at least 1', value);
  }
  if (budget.samples < 6) refuse('samples', 'at least 6, as coverage by 6 is measured', budget.samples);
  if (!budget.temperatures.every((value) => value > 0 && Number.isFinite(value)) || !budget.temperatures.includes(1)) {
    refuse('temperatures', 'numbers above 0, 1 among them', budget.temperatures.join(','));
  }
}

function refuse(name: string, expected: string, got: unknown): never {
  throw new UsageError('OPTION', `${name}: expected ${expected}, got ${describeValue(got)}`);
}
