// The few figures by which tests and the benchmark judge a series of measurements.
// Called by test/load_test.ts and test/bench.

/** Returns the smallest value that so many percent of all do not exceed; NaN when there are none. */
export function pickPercentile(values: readonly number[], percent: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * percent / 100) - 1] ?? NaN;
}

/** Returns the median, as {@linkcode pickPercentile} does. */
export function pickMedian(values: readonly number[]): number {
  return pickPercentile(values, 50);
}

/** Adds up values. */
export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
