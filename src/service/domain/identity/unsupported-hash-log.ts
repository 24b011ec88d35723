// Tells the operator that accounts have password hashes which this service cannot verify. Their
// owners hear the same as with a wrong password.

/** Logs the event `password_hash_unsupported`, once for each family. It names no account. */
export function createUnsupportedHashLog(
  log: (line: string) => void,
): (family: string, problem: string) => void {
  const logged = new Set<string>()
  return (family, problem) => {
    if (logged.has(family)) return
    logged.add(family)
    log(JSON.stringify({ event: 'password_hash_unsupported', family, problem }))
  }
}
