import { afterEach, expect, it } from 'vitest';
import { instrument } from './instrument.mjs';

declare global {
  var fuzzCounters: Uint8Array;
}

const SOURCE = `
  export class Shape {
    static #made = 0;
    constructor(sides) { this.sides = sides ?? 4; Shape.#made++; }
    get name() { return this.sides === 3 ? 'triangle' : this.sides > 4 && this.sides < 7 ? 'few' : 'other'; }
    static get made() { return Shape.#made; }
  }
  export const twice = (x) => x * 2;
  export function classify(value) {
    if (value === null) return 'null';
    else if (typeof value === 'number') { for (let i = 0; i < value; i++) if (i > 1) return 'large'; }
    switch (value) { case 0: return 'zero'; case 1: default: }
    do { try { JSON.parse(value); } catch { return 'no json'; } } while (false);
    return value?.length || 'rest';
  }
  export function* letters(text) { for (const letter of text) yield letter; }
`;

async function load(source: string) {
  return import(`data:text/javascript,${encodeURIComponent(source)}`);
}

afterEach(() => {
  Reflect.deleteProperty(globalThis, 'fuzzCounters');
});

it('instrumented code does the same, and every branch that is taken counts by itself', async () => {
  const { source, next } = instrument(SOURCE, 5);
  globalThis.fuzzCounters = new Uint8Array(next);
  const [plain, counted] = [await load(SOURCE), await load(source)];
  const reached: string[] = [];
  for (const value of [null, 0, 1, 3, '{', '12', true]) {
    globalThis.fuzzCounters.fill(0);
    expect(counted.classify(value)).toEqual(plain.classify(value));
    reached.push(globalThis.fuzzCounters.join());
  }
  expect(new Set(reached).size).toBe(reached.length);
  for (const { Shape, twice, letters } of [plain, counted]) {
    const names = [3, undefined, 5, 9].map((sides) => new Shape(sides).name);
    expect(names).toEqual(['triangle', 'other', 'few', 'other']);
    expect([Shape.made, twice(4), ...letters('ab')]).toEqual([4, 8, 'a', 'b']);
  }
  expect(globalThis.fuzzCounters.subarray(0, 5)).toEqual(new Uint8Array(5));
});
