/**
 * The message of a thrown value, without final full stops, so that a sentence can continue after
 * it.
 */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.+$/, '') : 'something was thrown'
}
