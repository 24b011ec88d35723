/**
 * A value that is made on first use and kept. It keeps the value, never the promise. On Workers a
 * promise is cancelled with the request that created it, and so are the requests that wait for it.
 * Concurrent first calls may each make a value; all of them get the first one.
 */
export function lazyValue<T>(make: () => Promise<T>): () => Promise<T> {
  let made: { readonly value: T } | undefined
  return async () => {
    const value = made ? made.value : await make()
    made ??= { value }
    return made.value
  }
}
