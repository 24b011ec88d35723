/** What was thrown, in words that a sentence can go on after. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.+$/, '') : 'something was thrown'
}
