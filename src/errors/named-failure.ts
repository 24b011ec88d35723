/**
 * The error of a part that does not name itself, for the log: what failed, and where. The message
 * of what is no Error is not known to be free of secrets.
 */
export function namedFailure(part: string, cause: unknown): Error {
  const isError = cause instanceof Error
  const what = isError ? cause : 'something that is not an Error was thrown'
  const failure = new Error(`${part} failed: ${what}`, { cause })
  if (isError && cause.stack) failure.stack = cause.stack
  return failure
}
