// What a command prints at its end: text for people, or with `--json` JSON for programs.

/** The end of a sentence whose subject is revoked tokens. */
export const areRefused = 'are refused: by the service at once, by guards within their bounds.'

/** Prints the sentence, or the facts as a line of JSON. */
export function report(isJson: boolean, facts: object, sentence: string): void {
  console.log(isJson ? JSON.stringify(facts) : sentence)
}

/**
 * A table as text. The first row has the names of the columns. Control characters are shown as `?`:
 * they could move the cursor, and so show other rows than there are.
 */
export function renderTable(table: readonly (readonly string[])[]): string {
  const rows = table.map((row) => row.map((cell) => cell.replaceAll(/[\p{Cc}\p{Cf}]/gu, '?')))
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

/** Formats an instant, in seconds since 1970, as RFC 3339. */
export function formatInstant(seconds: number): string {
  return new Date(seconds * 1_000).toISOString()
}
