/** @file What a report says, whatever the format that it is written in: sections of blocks, every number of a chart in a table. */
import type { TopLevelSpec } from 'vega-lite';
import type { Verdict } from '../estimators/result.js';

export type Cell = string | number | null;

/** For people a `number` has four significant digits and a `percent` is of a fraction of one; CSV and JSON have all digits. */
export interface Column {
  key: string;
  title: string;
  format?: 'text' | 'number' | 'percent';
}

export interface Table {
  /** Unique in the report; names the file of its CSV. */
  id: string;
  caption: string;
  columns: readonly Column[];
  rows: readonly Readonly<Record<string, Cell>>[];
}

/** How wide an image is, in CSS pixels, and whether it explains its colours itself or the page around it does. */
export interface Layout {
  width: number;
  legend: boolean;
}

/** One image of a figure. */
export interface Panel {
  /** Empty where the figure is one panel. */
  title: string;
  draw(layout: Layout): TopLevelSpec;
}

/** A policy (or family of policies) and the place of its colour in the palette. */
export interface LegendEntry {
  name: string;
  colour: number;
}

export interface Figure {
  kind: 'figure';
  /** Its caption says how to read the chart, for everybody. */
  data: Table;
  /** What the chart shows, in words, for people who do not see it. */
  description: string;
  panels: readonly Panel[];
  /** Panels side by side where there is room. */
  columns: 1 | 2;
  legend: readonly LegendEntry[];
}

/** The answer for one policy, before any chart. */
export interface Answer {
  kind: 'answer';
  verdict: Verdict;
  /** Its policy, and the colour of that. Null for the answer to a comparison. */
  policy: LegendEntry | null;
  /** Such as "9.941" or "Best: b"; null where there is no number to print. */
  headline: string;
  /** Such as "95 % interval 9.822 to 10.06". */
  detail: string;
  sentence: string;
  reasons: readonly string[];
}

export interface Paragraph {
  kind: 'paragraph';
  text: string;
}

export interface Facts {
  kind: 'facts';
  title: string;
  entries: readonly (readonly [name: string, value: string])[];
}

/** What several policies answered to one query. */
export interface Sample {
  kind: 'sample';
  query: string;
  /** Null where no log was given. */
  prompt: string | null;
  columns: readonly { title: string; colour: number | null; texts: readonly { text: string; note: string }[] }[];
}

export interface TableBlock {
  kind: 'table';
  table: Table;
  /** Shown on demand: what few readers want to see. */
  folded?: boolean;
}

export type Block = Answer | Paragraph | Figure | TableBlock | Facts | Sample;

export interface Section {
  id: string;
  title: string;
  blocks: readonly Block[];
}

export interface Report {
  title: string;
  /** What it was made from: name, kind, file and hash. */
  sections: readonly Section[];
}

export function paragraph(text: string): Paragraph {
  return { kind: 'paragraph', text };
}

/** All tables of a report, those behind figures too, in order. */
export function tablesOf({ sections }: Report): Table[] {
  return sections.flatMap(({ blocks }) =>
    blocks.flatMap((block) => {
      if (block.kind === 'table') return [block.table];
      return block.kind === 'figure' ? [block.data] : [];
    }),
  );
}

export function figuresOf({ sections }: Report): Figure[] {
  return sections.flatMap(({ blocks }) => blocks.filter((block) => block.kind === 'figure'));
}
