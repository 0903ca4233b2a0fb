/** @file Colours by name: one for every policy, the same in every chart of a report. */

/** Distinct to people of any colour vision, and at least 3 to 1 against the page in either mode. */
export const POLICY_COLOURS = [
  { light: '#0b62a8', dark: '#6cb4f2' },
  { light: '#c2510a', dark: '#f2975f' },
  { light: '#00795a', dark: '#45c9a0' },
  { light: '#a03a80', dark: '#e394c8' },
  { light: '#856900', dark: '#dcbc3f' },
  { light: '#1f8299', dark: '#6ad2e8' },
  { light: '#6650c8', dark: '#b0a3f7' },
  { light: '#666c74', dark: '#a9b0b9' },
] as const;

/** Besides colour, policies differ by the shape of their points. */
const SHAPES = [
  'circle',
  'square',
  'triangle-up',
  'diamond',
  'cross',
  'triangle-down',
  'triangle-right',
  'triangle-left',
];

/** Everything else that is drawn or written. */
export const PAGE_COLOURS = {
  paper: { light: '#ffffff', dark: '#14171b' },
  panel: { light: '#f5f6f8', dark: '#1d2127' },
  ink: { light: '#1a1d21', dark: '#e8eaed' },
  muted: { light: '#5b626b', dark: '#a3abb5' },
  rule: { light: '#dfe2e6', dark: '#353b44' },
  link: { light: '#0b62a8', dark: '#6cb4f2' },
  good: { light: '#00795a', dark: '#45c9a0' },
  caution: { light: '#8a5a00', dark: '#e8b84c' },
  bad: { light: '#b3261e', dark: '#f58a82' },
} as const;

export type PageColour = keyof typeof PAGE_COLOURS;

/** A colour as charts and style sheets name it. */
export function colour(name: PageColour): string {
  return `var(--${name})`;
}

export function policyColour(index: number): string {
  return `var(--policy-${index % POLICY_COLOURS.length})`;
}

/** Policies beyond the eighth have a colour again, in another shape. */
export function policyShape(index: number): string {
  return SHAPES[(index + Math.floor(index / POLICY_COLOURS.length)) % SHAPES.length]!;
}

/** The custom properties of one mode as CSS declarations. */
export function declarations(mode: 'light' | 'dark'): string {
  return [
    ...Object.entries(PAGE_COLOURS).map(([name, colours]) => `--${name}:${colours[mode]}`),
    ...POLICY_COLOURS.map((colours, index) => `--policy-${index}:${colours[mode]}`),
  ].join(';');
}

/** Colours by value in place of names, for images that stand alone. */
export function withColours(svg: string): string {
  const named = new Map(
    declarations('light')
      .split(';')
      .map((each) => each.slice(2).split(':') as [string, string]),
  );
  return svg.replace(/var\(--([a-z0-9-]+)\)/g, (whole, name: string) => named.get(name) ?? whole);
}

/** Gives every policy its place in the palette: by order of appearance, policies of one family (`name@setting`) together. */
export class PolicyColours {
  readonly #places = new Map<string, number>();

  of(policy: string): number {
    const family = familyOf(policy);
    const place = this.#places.get(family) ?? this.#places.size;
    this.#places.set(family, place);
    return place;
  }

  entries(policies: readonly string[]): { name: string; colour: number }[] {
    return [...new Set(policies)].map((name) => ({ name, colour: this.of(name) }));
  }
}

/** `pope` of `pope@0.3`: one method under several settings. */
export function familyOf(policy: string): string {
  const at = policy.lastIndexOf('@');
  return at > 0 ? policy.slice(0, at) : policy;
}
