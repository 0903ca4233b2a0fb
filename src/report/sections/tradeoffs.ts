import { envelopeChart, paretoFront, type Tradeoff } from '../charts/envelope.js';
import { type Run, runsOf } from '../inputs/run.js';
import type { Figure, Layout, Section } from '../model.js';
import { familyOf } from '../palette.js';
import type { SectionContext } from './shared.js';

interface Source {
  title: string;
  diversityTitle: string;
  utilityTitle: string;
  points: Tradeoff[];
}

/** Figure 1 of the paper: what each method pays in utility for diversity, over its settings. */
export function tradeoffs(runs: readonly Run[], { colours }: SectionContext): Section | null {
  const sources = [...fromExperiments(runs), ...fromPaper(runs), ...fromMetrics(runs), ...fromTraining(runs)].filter(
    ({ points }) => points.length > 1,
  );
  if (sources.length === 0) return null;
  const points = sources.flatMap((source) => source.points);
  const rows = sources.flatMap(({ title, points: own }) =>
    own.map(({ family, setting, diversity, utility }) => ({
      ...{ source: title, family, setting, diversity, utility },
      best: paretoFront(own.filter((point) => point.family === family)).some(
        (point) => point.setting === setting && point.diversity === diversity,
      )
        ? 'yes'
        : 'no',
    })),
  );
  const figure: Figure = {
    kind: 'figure',
    data: {
      id: 'envelopes',
      caption:
        'Each point is a setting of a method, and a line joins those settings that no other setting of the same method beats in both. Up and to the right is better',
      columns: [
        { key: 'source', title: 'measured in' },
        { key: 'family', title: 'method' },
        { key: 'setting', title: 'setting' },
        { key: 'diversity', title: 'diversity', format: 'number' },
        { key: 'utility', title: 'utility', format: 'number' },
        { key: 'best', title: 'on the envelope' },
      ],
      rows,
    },
    description: 'Points of utility and diversity for every setting, with an upper envelope for each method.',
    panels: sources.map(({ title, diversityTitle, utilityTitle, points: own }) => {
      const legend = colours.entries(own.map(({ family }) => family));
      return {
        title,
        draw: (layout: Layout) => envelopeChart({ points: own, legend, diversityTitle, utilityTitle }, layout),
      };
    }),
    columns: sources.length === 1 ? 1 : 2,
    legend: colours.entries(points.map(({ family }) => family)),
  };
  return { id: 'envelopes', title: 'Utility against diversity', blocks: [figure] };
}

/** Settings and temperatures of the methods in every world, by the truth about what they answer. */
function fromExperiments(runs: readonly Run[]): Source[] {
  return runsOf(runs, 'experiment').flatMap(({ data }) =>
    data.worlds.map(({ world, rows }) => ({
      title: `World ${world}`,
      diversityTitle: 'coverage of opinions by 6 answers',
      utilityTitle: 'utility',
      points: rows.flatMap(({ method, family, temperature, metrics }) => {
        const { utility, coverage6 } = metrics;
        if (!utility || !coverage6) return [];
        const setting = `${method}, temperature ${temperature}`;
        return [{ family, setting, diversity: coverage6.mean, utility: utility.mean }];
      }),
    })),
  );
}

/** PL-Score against diversity over lambdas and temperatures, for every backbone and data set. */
function fromPaper(runs: readonly Run[]): Source[] {
  return runsOf(runs, 'paper').flatMap(({ data: { pareto } }) => {
    const titles = [...new Set(pareto.map(({ backbone, data }) => `${backbone}, ${data}`))];
    return titles.map((title) => ({
      title,
      diversityTitle: 'diversity',
      utilityTitle: 'PL-Score',
      points: pareto.flatMap(({ backbone, data, method, lambda, temperature, diversity, plScore }) => {
        if (`${backbone}, ${data}` !== title || diversity === null || plScore === null) return [];
        const setting = `${lambda === null ? '' : `lambda ${lambda}, `}temperature ${temperature}`;
        return [{ family: method, setting, diversity, utility: plScore }];
      }),
    }));
  });
}

function fromMetrics(runs: readonly Run[]): Source[] {
  const points = runsOf(runs, 'metrics').flatMap(({ name, data }) => {
    const of = (metric: string) => data.metrics.find((each) => each.metric === metric)?.value ?? null;
    const [diversity, utility] = [of('diversity'), of('helpfulness')];
    if (diversity === null || utility === null) return [];
    return [{ family: familyOf(name), setting: name, diversity, utility: utility * 100 }];
  });
  return [{ title: 'Generated answers', diversityTitle: 'diversity', utilityTitle: 'helpfulness (x100)', points }];
}

/** Where each run ended on validation queries, by the estimate of POPE. */
function fromTraining(runs: readonly Run[]): Source[] {
  const points = runsOf(runs, 'training').flatMap(({ name, data }) => {
    const last = data.metrics.findLast((line) => line.kind === 'validation')?.validation?.estimate;
    if (!last || last.diversity === 0) return [];
    return [{ family: familyOf(name), setting: name, diversity: last.diversity, utility: last.utility }];
  });
  const title = 'Training runs, validation queries';
  return [{ title, diversityTitle: 'diversity part', utilityTitle: 'utility part', points }];
}
