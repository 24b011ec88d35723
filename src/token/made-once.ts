/**
 * A value that is made on first use and kept. The value is kept, never the promise: on Workers a
 * promise dies with the request that made it, and takes those waiting for it along. Where several
 * ask at once, several make it, and one is kept.
 */
export function madeOnce<T>(make: () => Promise<T>): () => Promise<T> {
  let made: { readonly value: T } | undefined
  return async () => {
    made ??= { value: await make() }
    return made.value
  }
}
