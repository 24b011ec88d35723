// The time of a login must not tell which bcrypt cost the hash of an account has. Each step of the
// cost doubles the work. So with a cheaper hash come others that make up the difference.

/**
 * The costs of the hashes to make in addition to one of `cost`. Then all of them together are as much
 * work as one of `configured`. That is one at each cost from `cost` to `configured - 1`. None
 * comes with a hash of the configured cost, or of a higher one: that one takes longer.
 */
export function costsToAdd(cost: number, configured: number): readonly number[] {
  return Array.from({ length: Math.max(0, configured - cost) }, (_, step) => cost + step)
}
