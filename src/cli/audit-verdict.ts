// What `audit verify` tells.

import {
  type ChainFinding,
  type ChainHead,
  type ChainVerdict,
  usualWaitSeconds,
} from '../service/domain/audit/verify-chain.ts'
import { Failure } from './failure.ts'
import { report } from './report.ts'

/**
 * Prints the result. Throws a Failure when the chain is not intact.
 *
 * @param kept the head that was kept, if one was given
 */
export function reportVerdict(verdict: ChainVerdict, json: boolean, kept?: ChainHead): void {
  const { problems } = verdict
  const isKept = kept !== undefined && problems === 0
  const proof = isKept ? `\nThe given head, seal ${kept.number}, is in the chain.` : ''
  report(json, factsOf(verdict), sentencesOf(verdict) + proof)
  if (problems > 0) {
    const found = problems === 1 ? 'a problem was' : `${problems} problems were`
    throw new Failure(`The audit is not as it was sealed: ${found} found.`)
  }
}

function sentencesOf(verdict: ChainVerdict): string {
  const { seals, events, unsealed, head, problems, findings } = verdict
  const notShown = problems - findings.length
  return [
    ...findings.map(sentenceOf),
    ...(notShown > 0 ? [`${notShown} more problems are not shown.`] : []),
    `${seals} seals cover ${events} events. ${unsealed} events are not sealed yet.`,
    ...(problems === 0 && seals > 0 ? ['Nothing was changed since it was sealed.'] : []),
    ...waitSentences(verdict),
    head
      ? `Head: ${head.number} ${head.mac}`
      : 'There is no seal yet, so nothing is protected: the cron of the service makes seals.',
  ].join('\n')
}

/** Whoever removes the last seals can change events, and the next run seals them anew. */
function waitSentences({ longestWait }: ChainVerdict): readonly string[] {
  if (!longestWait) return []
  const { seal, seconds } = longestWait
  const hours = seconds / 3_600
  if (seconds <= usualWaitSeconds) return [`Each event was sealed within ${Math.ceil(hours)} h.`]
  return [
    `Seal ${seal} was made ${Math.floor(hours)} h after an event that it covers. Either the cron did not run, or`,
    'somebody removed seals to change their events. Only a kept head tells: --head.',
  ]
}

function sentenceOf({ problem, seal, firstSeq, lastSeq }: ChainFinding): string {
  const where = `Seal ${seal}, events ${firstSeq} to ${lastSeq}`
  const sentences = {
    events_deleted: `${where}: events were deleted.`,
    events_inserted: `${where}: events were inserted.`,
    events_changed: `${where}: an event was changed, events changed places, or the seal was changed.`,
    seal_changed: `${where}: the seal was changed. The events are those that were sealed.`,
    seal_missing: `${where}: seals before this one are missing, so these events cannot be verified.`,
    seal_inserted: `Seal ${seal}: it was inserted. The first seal has the number 1.`,
    key_unknown: `${where}: the key is not at hand. Set PREVIOUS_SECRET_KEY, or pass older keys with --keys.`,
    events_unsealed: `Events ${firstSeq} to ${lastSeq}: no seal covers them, although the first is older than a day. Look at the cron of the service.`,
    head_missing: `The given head is seal ${seal}, and the chain has no such seal. Its end was cut off.`,
    head_changed: `Seal ${seal} is not the given head. The seals from there on, or before, were replaced.`,
  }
  return sentences[problem]
}

function factsOf({
  problems,
  findings,
  head,
  keys,
  longestWait,
  unsealedSince,
  ...counts
}: ChainVerdict) {
  return {
    intact: problems === 0,
    ...counts,
    unsealed_since: unsealedSince ?? null,
    longest_wait: longestWait ?? null,
    keys: Object.fromEntries(keys),
    problems,
    findings: findings.map(({ firstSeq, lastSeq, ...finding }) => ({
      ...finding,
      ...{ first_seq: firstSeq, last_seq: lastSeq },
    })),
    head: head ?? null,
  }
}
