/** How what was measured grows: the exponent of a power of the size, by least squares on logarithms. */
export function exponent(sizes, values) {
  const mean = (list) => list.reduce((sum, x) => sum + x, 0) / list.length;
  const [x, y] = [sizes.map(Math.log), values.map(Math.log)];
  const [mx, my] = [mean(x), mean(y)];
  const covariance = mean(x.map((value, i) => (value - mx) * (y[i] - my)));
  return covariance / mean(x.map((value) => (value - mx) ** 2));
}

/**
 * Prints a table with the exponents below it, or one JSON object with `--json`.
 *
 * @param {string} title
 * @param {string} size what `size` of a point counts
 * @param {{ size: number, [measure: string]: number }[]} points
 */
export function reportGrowth(title, size, points) {
  const measures = Object.keys(points[0]).filter((key) => key !== 'size');
  const sizes = points.map((point) => point.size);
  const exponents = Object.fromEntries(
    measures.map((name) => [
      name,
      exponent(
        sizes,
        points.map((point) => point[name]),
      ),
    ]),
  );
  const rows = points.map(({ size: n, ...measured }) => ({
    name: `${n.toLocaleString('en-US')} ${size}`,
    ...measured,
  }));
  const result = { title, rows: [...rows, { name: 'grows with exponent', ...exponents }] };
  if (process.argv.includes('--json')) console.log(JSON.stringify(result));
  else printCells(result);
}

/** Rows of named numbers as a table. */
export function printCells({ title, rows }) {
  console.log(`\n${title}`);
  const rounded = (cells) => Object.fromEntries(Object.entries(cells).map(([key, x]) => [key, +x.toPrecision(3)]));
  console.table(Object.fromEntries(rows.map(({ name, ...cells }) => [name, rounded(cells)])));
}
