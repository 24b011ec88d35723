// What a command prints when it is done: for people, or with `--json` for programs.

/** What happens to tokens that are revoked, after their subject. */
export const areRefused = 'are refused: by the service at once, by guards within their bounds.'

/** Prints the sentence, or the facts as a line of JSON. */
export function report(isJson: boolean, facts: object, sentence: string): void {
  console.log(isJson ? JSON.stringify(facts) : sentence)
}

/** Columns side by side; the first row has their names. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
      .join('  ')
      .trimEnd()
  return rows.map(line).join('\n')
}

/** An instant in seconds since 1970, in RFC 3339. */
export function formatInstant(seconds: number): string {
  return new Date(seconds * 1_000).toISOString()
}
