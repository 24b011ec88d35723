// What the members of an entry mean. Members have two names, because exports differ in theirs.

import { type Result, refuse, succeed } from '../errors/reasons.ts'
import type { MovingAccount } from '../service/domain/accounts/move-in.ts'
import type { Moment } from '../service/store/account-import.ts'
import type { LeftOut, Members } from './import-file.ts'

const memberNames = {
  email: ['email'],
  hash: ['hash', 'password_hash'],
  roles: ['roles'],
  verified: ['verified', 'verified_at'],
  registered: ['registered_at', 'created_at'],
  disabled: ['disabled', 'disabled_at'],
} as const

type Member = keyof typeof memberNames

/** The names of all members that are read. */
export const knownMembers: ReadonlySet<string> = new Set(Object.values(memberNames).flat())

/** A clock may be ahead of this machine's by a day. */
const aheadSeconds = 86_400

/**
 * The account of an entry. Refuses an entry without email or hash, and members of another form.
 *
 * @param now the time of this machine, in seconds since 1970
 */
export function readMembers(members: Members, now: number): Result<MovingAccount, LeftOut> {
  const email = readText(members, 'email')
  if (!email.ok) return email
  const hash = readText(members, 'hash')
  if (!hash.ok) return hash
  const roles = readRoles(members)
  if (!roles.ok) return roles
  const registered = readMoment(members, 'registered', now)
  if (!registered.ok) return registered
  const verified = readMoment(members, 'verified', now)
  if (!verified.ok) return verified
  const disabled = readMoment(members, 'disabled', now)
  if (!disabled.ok) return disabled
  const registeredAt = registered.value
  return succeed({
    ...{ email: email.value, hash: hash.value, roles: roles.value, registeredAt },
    disabledAt: disabled.value,
    // It is only known that the email was verified: not before the account was made.
    emailVerifiedAt: verified.value === 'now' ? (registeredAt ?? 'now') : verified.value,
  })
}

/** The values that an entry has under the names of a member. */
function valuesOf(members: Members, member: Member): unknown[] {
  return memberNames[member]
    .map((name) => members.get(name))
    .filter((value) => value !== undefined && value !== null && value !== '')
}

function readText(members: Members, member: 'email' | 'hash'): Result<string, LeftOut> {
  const [value, other = value] = valuesOf(members, member)
  if (value === undefined) {
    const sentence = `The entry has no ${member}.`
    return refuse({ reason: `${member}_missing`, sentence })
  }
  if (typeof value === 'string' && other === value) return succeed(value)
  return malformed(member, 'give it once, as text')
}

function readRoles(members: Members): Result<readonly string[], LeftOut> {
  const [value = []] = valuesOf(members, 'roles')
  const roles = typeof value === 'string' ? value.split(' ').filter(Boolean) : value
  if (Array.isArray(roles) && roles.every((role) => typeof role === 'string')) return succeed(roles)
  return malformed('roles', 'give a list of texts, or one text with spaces between the roles')
}

/**
 * A time, 'now' where it is only known that something has happened, or undefined where it has not.
 * Of a boolean and a time the time counts, unless they contradict each other.
 */
function readMoment(
  members: Members,
  member: 'verified' | 'registered' | 'disabled',
  now: number,
): Result<Moment | undefined, LeftOut> {
  const parse = member === 'registered' ? parseTime : parseEvent
  const moments = valuesOf(members, member).map(parse)
  const times = moments.filter((moment) => typeof moment === 'number')
  const isKnown = moments.every((moment) => moment !== undefined)
  const isContradiction =
    new Set(times).size > 1 ||
    (moments.includes(false) && moments.some((moment) => moment !== false))
  const isLate = times.some((time) => time > now + aheadSeconds)
  if (!isKnown || isContradiction || isLate) return malformed(member, timeRule)
  return succeed(times[0] ?? (moments.includes(true) ? 'now' : undefined))
}

const timeRule =
  'give one time that is not in the future, as RFC 3339 with an offset (2024-05-31T12:00:00Z), or in seconds or milliseconds since 1970; true and false are possible, except for when it was registered'

function malformed(member: Member, rule: string) {
  return refuse({
    reason: `${member}_malformed`,
    sentence: `The member ${memberNames[member].join(' or ')} has the wrong form: ${rule}.`,
  })
}

/** A boolean, as databases and programs write it, or a time. */
function parseEvent(value: unknown): boolean | number | undefined {
  // Only of these: an object of the file may have a member `toString`.
  const text = ['string', 'boolean', 'number'].includes(typeof value) ? String(value) : ''
  if (/^(?:true|t|yes|1)$/i.test(text)) return true
  if (/^(?:false|f|no|0)$/i.test(text)) return false
  return parseTime(value)
}

/** Smaller numbers are seconds, until the year 5138; others are milliseconds, from 1973 on. */
const leastMilliseconds = 100_000_000_000
const rfc3339 =
  /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.\d{1,9})?(?:[Zz]|([+-]\d\d)(?::?(\d\d))?)$/

/** A time in seconds since 1970. Undefined if it is none, or is before 1970. */
function parseTime(value: unknown): number | undefined {
  const isDigits = typeof value === 'string' && /^\d{1,16}(?:\.\d{1,9})?$/.test(value)
  const number = typeof value === 'number' || isDigits ? Number(value) : undefined
  if (number === undefined) return typeof value === 'string' ? parseDate(value) : undefined
  const seconds = Math.floor(number < leastMilliseconds ? number : number / 1_000)
  return seconds >= 0 && Number.isSafeInteger(seconds) ? seconds : undefined
}

function parseDate(text: string): number | undefined {
  const [, date, time, hours = '+00', minutes = '00'] = rfc3339.exec(text) ?? []
  // `Date.parse` takes the 30th of February for a day in March.
  if (date && !isDay(date)) return undefined
  const seconds = Date.parse(`${date}T${time}${hours}:${minutes}`) / 1_000
  return seconds >= 0 ? seconds : undefined
}

function isDay(date: string): boolean {
  const day = Date.parse(`${date}T00:00:00Z`)
  return !Number.isNaN(day) && new Date(day).toISOString().startsWith(date)
}
