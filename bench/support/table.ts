// The printed output: Markdown, ready for docs/.

/** 12345 as `12,345`. */
export function renderCount(count: number): string {
  return Math.round(count).toLocaleString('en-US')
}

/** The quantile of the figures at this share: 0.5 for the median. */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = figures.toSorted((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}
