/** @file Figure 1: PL-Score against diversity, for every method over temperatures, and for POPE over lambdaDiv. */
import { resolveSettings } from '../../../align/options.js';
import { prepareBackbone } from '../backbone.js';
import { changedLogging } from '../changed-logging.js';
import type { MethodConfig } from '../config.js';
import { generateAnswers } from '../generate.js';
import { loggingPolicy } from '../logging.js';
import { measureAnswers } from '../measure.js';
import type { Study } from '../study.js';
import type { ParetoPoint } from '../table.js';
import { trainMethod } from '../train.js';
import { toyData } from './candidates.js';
import type { Rq1Config } from './schema.js';

/** All points; those of the first seed where there are several. */
export async function paretoPoints(study: Study<Rq1Config>): Promise<ParetoPoint[]> {
  const points: Omit<ParetoPoint, 'isOnFront'>[] = [];
  const { backbones, data: sets, generation, methods } = study.config;
  const temperatures = [...new Set([generation.temperature, ...study.config.temperatures])];
  for (const { name } of backbones) {
    const backbone = await prepareBackbone(study, name);
    for (const set of sets) {
      const data = await toyData(study, set.name, backbone);
      const logging = await loggingPolicy(study, data);
      for (const { method, lambda, family } of methods.flatMap((each) => variants(study, each))) {
        const seed = study.seeds[0]!;
        const told = await changedLogging(study, data, { logging, change: method.propensities });
        const model = await trainMethod(study, { data, backbone, method, seed }, told);
        for (const temperature of temperatures) {
          study.signal?.throwIfAborted();
          const answers = await generateAnswers(study, model, data, { ...generation, temperature });
          const { measurements, contributions } = await measureAnswers(study, answers, data);
          const mean = (wanted: string) => measurements.metrics.find(({ metric }) => metric === wanted)!.value;
          points.push({
            ...{ backbone: name, data: set.name, method: family, lambda, temperature },
            diversity: mean('diversity'),
            plScore: mean('plScore'),
            queries: contributions.plScore!.values.map((plScore, query) => {
              return { diversity: contributions.diversity!.values[query]!, plScore };
            }),
          });
        }
      }
    }
  }
  return points.map((point) => ({ ...point, isOnFront: !points.some((other) => dominates(other, point)) }));
}

/** A method as it is, and for POPE with every other lambda. */
function variants(study: Study<Rq1Config>, method: MethodConfig) {
  const settings = resolveSettings({ ...study.config.training, ...method.training });
  const isPope = method.training !== undefined && settings.method === 'pope';
  const lambda = isPope && settings.lambdaDiv !== 'auto' ? settings.lambdaDiv : null;
  const own = { method, family: method.name, lambda };
  if (!isPope) return [own];
  const others = study.config.lambdas.filter((other) => other !== lambda);
  return [
    own,
    ...others.map((lambda) => ({
      method: {
        ...method,
        name: `${method.name}-lambda-${lambda}`,
        training: { ...method.training, lambdaDiv: lambda },
      },
      family: method.name,
      lambda,
    })),
  ];
}

type Figures = Pick<ParetoPoint, 'backbone' | 'data' | 'method' | 'diversity' | 'plScore'>;

/** Of one method: at least as good in both, better in one. */
function dominates(a: Figures, b: Figures): boolean {
  if (a.backbone !== b.backbone || a.data !== b.data || a.method !== b.method) return false;
  const [more, higher] = [a.diversity! - b.diversity!, a.plScore! - b.plScore!];
  return more >= 0 && higher >= 0 && more + higher > 0;
}
