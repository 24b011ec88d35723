// What the MAC of a seal covers: the MAC of the seal before it, all other columns of the seal, and
// all columns of its events. Each is a line of JSON: an array with the columns in a fixed order.

import type { AuditEvent, AuditSeal } from '../../store/audit-seals.ts'

/**
 * The text of a seal. Two different contents never have the same text.
 *
 * @param previousMac the MAC of the seal before it; empty for the first
 */
export function sealText(
  { number, firstSeq, lastSeq, events: count, keyId, sealedAt }: Omit<AuditSeal, 'mac'>,
  previousMac: string,
  events: readonly AuditEvent[],
): string {
  const head = [number, previousMac, firstSeq, lastSeq, count, keyId, sealedAt]
  return [head, ...events.map(columnsOf)].map((line) => `${JSON.stringify(line)}\n`).join('')
}

function columnsOf(event: AuditEvent): readonly (string | number | null)[] {
  const { seq, at, event: name, outcome, actor } = event
  const { userId, sessionId, requestId, attemptSeq, target } = event
  return [seq, at, name, outcome, actor, userId, sessionId, requestId, attemptSeq, target]
}
