/** The user id of a `sub` claim, or undefined when no user can have it. Only the one spelling of a positive whole number will do. */
export function parseUserId(subject: string): number | undefined {
  const userId = Number(subject)
  return /^[1-9]\d*$/.test(subject) && Number.isSafeInteger(userId) ? userId : undefined
}
