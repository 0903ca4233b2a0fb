/** Cases of a torture test: `full`, or a tenth in `npm run torture -- --quick`. */
export function tortureCases(full: number): number {
  return process.env.POPE_TORTURE_QUICK === '1' ? Math.ceil(full / 10) : full;
}
