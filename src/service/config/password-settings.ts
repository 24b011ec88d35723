// The settings for new passwords, and the policy that they give. Logins never read them: a password
// that was accepted once stays good.

import { type Result, refuse, succeed } from '../../errors/reasons.ts'
import { isInsecureUrl } from '../../token/loopback.ts'
import { oneOf, wholeNumber } from './setting-forms.ts'

/** What a new password must be. */
export interface PasswordPolicy {
  /** PASSWORD_POLICY. Default: `'default'`. */
  readonly name: 'development' | 'default' | 'nist'
  /**
   * The least length in characters, from 1 to 64. Default: 6 for `'development'`, 8 for
   * `'default'`, 15 for `'nist'`.
   */
  readonly minLength: number
  /**
   * Whether common passwords, repetitions, and the account's own email are refused. False for
   * `'development'` alone.
   */
  readonly refusesCommon: boolean
}

type PolicyName = PasswordPolicy['name']

/** ASVS 5.0 6.2.1, and NIST SP 800-63B-4 §3.1.1.1 for a password that is the only factor. */
const leastLengths: Readonly<Record<PolicyName, number>> = { development: 6, default: 8, nist: 15 }

/** Part of the table of settings. */
export const passwordSettings = {
  PASSWORD_POLICY: {
    ...oneOf<PolicyName>('default', 'nist', 'development'),
  },
  PASSWORD_MIN_LENGTH: {
    ...wholeNumber(leastLengths.default, 1, 64),
    default: 'as `PASSWORD_POLICY` says: 8, 15 or 6',
    bounds: '8 to 64; 15 to 64 with `nist`; 1 to 64 with `development`',
    fallback: undefined,
  },
  PASSWORD_BREACH_CHECK: {
    ...oneOf<'off' | 'on'>('off', 'on'),
  },
  PASSWORD_BREACH_URL: {
    default: '`https://api.pwnedpasswords.com`',
    bounds: '`https:`; `http:` on this machine',
    fallback: 'https://api.pwnedpasswords.com',
    parse: parseBreachUrl,
  },
}

/** The policy of a name, with another least length if one is given. */
export function passwordPolicyOf(name: PolicyName, minLength: number | undefined): PasswordPolicy {
  const refusesCommon = name !== 'development'
  return { name, minLength: minLength ?? leastLengths[name], refusesCommon }
}

/** A sentence if the least length is below what the policy stands for. */
export function passwordPolicyProblem({ name, minLength }: PasswordPolicy): string | undefined {
  const least = leastLengths[name]
  return name === 'development' || !(minLength < least)
    ? undefined
    : `PASSWORD_MIN_LENGTH must be at least ${least} with PASSWORD_POLICY=${name}, and is ${minLength}. For shorter passwords on a machine of your own, use PASSWORD_POLICY=development.`
}

function parseBreachUrl(text: string): Result<string, string> {
  const url = URL.parse(text)
  if (!url || !['https:', 'http:'].includes(url.protocol) || /[@?#\s]/.test(text)) {
    return refuse(
      'must be a URL such as https://api.pwnedpasswords.com, without user, query and fragment',
    )
  }
  return isInsecureUrl(text)
    ? refuse('must be https:, because strangers on the way could answer; http: is for this machine')
    : succeed(url.href.replace(/\/+$/, ''))
}
