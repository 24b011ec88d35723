// Who does something, as events of the audit say it.

import type { AuditEntry } from '../store/audit-events.ts'

export type { AuditEntry, AuditOutcome } from '../store/audit-events.ts'

/** A request, and where it comes from. */
interface RecordedRequest {
  /** The name of the route. */
  readonly event: string
  readonly requestId: string
  readonly address: string | undefined
  readonly device: string | undefined
}

/** The entry of a request. Without days, it has no personal details. */
export function createUserEntry(
  { event, requestId, address, device }: RecordedRequest,
  keptDays: number,
): AuditEntry {
  const details = keptDays > 0 ? { address, device, keptDays } : undefined
  return { event, actor: 'user', requestId, details }
}
