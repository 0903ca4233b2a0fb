const NUMBER = /-?\d[\d,]*(\.\d+)?(e[-+]?\d+)?/g;

/**
 * Finds what a page shows in what was printed, line after line; the page may leave lines out, and the ends of lines.
 *
 * @param within relative difference that numbers may have: instruction sets round differently, and training spreads that
 * @throws Error with the first line that was not printed
 */
export function findShown(printed: string, shown: string, within: number): void {
  const lines = printed.split('\n');
  let next = 0;
  for (const line of shown.split('\n').filter((text) => text.trim() !== '')) {
    const found = lines.findIndex((candidate, i) => i >= next && agrees(candidate, line, within));
    if (found < 0) throw new Error(`expected "${line}" after line ${next} of\n${printed}`);
    next = found + 1;
  }
}

function agrees(printed: string, shown: string, within: number): boolean {
  if (within === 0) return printed.trimEnd().startsWith(shown.trimEnd());
  if (!wordsOf(printed).startsWith(wordsOf(shown))) return false;
  const values = numbersOf(printed);
  return numbersOf(shown).every((value, i) => Math.abs(value - values[i]!) <= within * Math.abs(value));
}

const wordsOf = (line: string) => line.replace(NUMBER, '#').replace(/\s+/g, ' ').trim();
const numbersOf = (line: string) => (line.match(NUMBER) ?? []).map((text) => Number(text.replaceAll(',', '')));
