/**
 * Wraps an error for the log, with the name of the part that failed. A thrown value that is not an
 * Error is not quoted, because it may contain secrets.
 */
export function namedFailure(part: string, cause: unknown): Error {
  const isError = cause instanceof Error
  const what = isError ? cause : 'something that is not an Error was thrown'
  const failure = new Error(`${part} failed: ${what}`, { cause })
  if (isError && cause.stack) failure.stack = cause.stack
  return failure
}
