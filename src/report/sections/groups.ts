import { readable } from '../../numbers.js';
import { intervalChart } from '../charts/intervals.js';
import { type Run, runsOf } from '../inputs/run.js';
import { type Block, type Layout, paragraph, type Section } from '../model.js';
import { bounds, listed, type SectionContext, slug, valueColumns } from './shared.js';

/** What the policy is worth to each group of people, and to the one that it serves worst. */
export function groups(runs: readonly Run[], { colours }: SectionContext): Section | null {
  const blocks = runsOf(runs, 'evaluation').flatMap(({ name, data }): Block[] => {
    const across = data.acrossGroups;
    if (across === null) return [];
    const { worst, maximin, shareWeighted } = across;
    const points = across.groups.map(({ group, value, interval }) => ({
      ...{ label: group, policy: name, value },
      ...bounds(interval),
    }));
    const small = data.groups.filter((group) => group.small).map(({ group }) => group);
    const sizes = new Map(data.groups.map(({ group, queries }) => [group, queries]));
    const legend = colours.entries([name]);
    return [
      paragraph(
        `${name}: worst for ${worst.group}, at ${readable(worst.value)}. Weighted by the groups' shares it is ${readable(shareWeighted.value)}; ` +
          `what even the worst-off group gets (maximin) is ${readable(maximin.value)}.` +
          (small.length === 0 ? '' : ` Too small to be valued: ${listed(small)}.`),
      ),
      {
        kind: 'figure',
        data: {
          id: slug('groups', name),
          caption: `${across.estimand === 'value' ? 'Value' : 'Index'} of ${name} by ${data.options.by} (${across.estimator}, normalise ${across.normalise}); the intervals hold all at once`,
          columns: [
            { key: 'group', title: 'group' },
            { key: 'share', title: 'share', format: 'percent' },
            { key: 'queries', title: 'queries', format: 'number' },
            ...valueColumns(across.estimand === 'value' ? 'value' : 'index'),
            { key: 'worst', title: '' },
          ],
          rows: across.groups
            .toSorted((a, b) => a.value - b.value)
            .map(({ group, share, value, interval }) => ({
              ...{ group, share, queries: sizes.get(group) ?? null, value },
              ...bounds(interval),
              worst: group === worst.group ? 'worst' : '',
            })),
        },
        description: `One point with its interval for each group; the lowest is ${worst.group}. The dashed line is the mean weighted by the groups' shares.`,
        panels: [
          {
            title: '',
            draw: (layout: Layout) =>
              intervalChart(
                {
                  points: points.toSorted((a, b) => a.value - b.value),
                  ...{ legend, title: across.estimand === 'value' ? 'value' : 'index' },
                  reference: shareWeighted.value,
                },
                layout,
              ),
          },
        ],
        columns: 1,
        legend: [],
      },
    ];
  });
  return blocks.length === 0 ? null : { id: 'groups', title: 'Groups of people', blocks };
}
