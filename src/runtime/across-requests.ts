// What requests of one isolate may do for each other.

/**
 * Whether a promise of one request may be resolved by another one. On Workers with a compatibility
 * date before 2024-10-14, the request that waits for it would never continue.
 */
export function mayResolveAcrossRequests(): boolean {
  const { Cloudflare: platform } = globalThis as unknown as {
    readonly Cloudflare?: { readonly compatibilityFlags?: Record<string, boolean> }
  }
  return platform?.compatibilityFlags?.handle_cross_request_promise_resolution !== false
}
