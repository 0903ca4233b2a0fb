/**
 * Solves A x = b for a symmetric positive definite A [d * d], of which the lower triangle is read and overwritten by its Cholesky factor,
 * b by x. False where A is not positive definite to the precision of a double.
 */
export function solvePositiveDefinite(a: Float64Array, b: Float64Array): boolean {
  const d = b.length;
  for (let i = 0; i < d; i++) {
    const row = i * d;
    for (let j = 0; j <= i; j++) {
      let rest = a[row + j]!;
      for (let k = 0; k < j; k++) rest -= a[row + k]! * a[j * d + k]!;
      if (i > j) a[row + j] = rest / a[j * d + j]!;
      else if (rest > 0) a[row + i] = Math.sqrt(rest);
      else return false;
    }
  }
  for (let i = 0; i < d; i++) {
    let rest = b[i]!;
    for (let k = 0; k < i; k++) rest -= a[i * d + k]! * b[k]!;
    b[i] = rest / a[i * d + i]!;
  }
  for (let i = d - 1; i >= 0; i--) {
    let rest = b[i]!;
    for (let k = i + 1; k < d; k++) rest -= a[k * d + i]! * b[k]!;
    b[i] = rest / a[i * d + i]!;
  }
  return true;
}
