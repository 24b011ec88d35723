/**
 * A value that is made on first use and kept. The value is kept, never the promise: on Workers a
 * promise dies with the request that made it, and takes those waiting for it along. Where several
 * ask at once, several make it, and all get the first.
 */
export function lazyValue<T>(make: () => Promise<T>): () => Promise<T> {
  let made: { readonly value: T } | undefined
  return async () => {
    const value = made ? made.value : await make()
    made ??= { value }
    return made.value
  }
}
