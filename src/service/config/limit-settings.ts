// The settings of the limits, and the limits that they give.

import { oneOf, wholeNumber } from './setting-forms.ts'

const daySeconds = 86_400
/** How much more passes when the limits are raised. */
const raisedFactor = 1_000

/**
 * Requests a second for a whole isolate or process: more than it can answer well. They keep one
 * crowd from taking everything.
 */
const perProcess = { check: 1_000, introspect: 1_000 } as const

/** Part of the table of settings. */
export const limitSettings = {
  LIMITS: {
    ...oneOf<'normal' | 'raised'>('normal', 'raised'),
  },
  FREE_ATTEMPTS: {
    ...wholeNumber(10, 1, 50),
  },
  MAX_ATTEMPT_DELAY_SECONDS: {
    ...wholeNumber(900, 1, daySeconds),
  },
  MAX_ATTEMPTS: {
    ...wholeNumber(100, 10, 100),
  },
  ATTEMPTS_CLOSED_SECONDS: {
    ...wholeNumber(daySeconds, 900, 7 * daySeconds),
  },
  DEVICE_TOKEN_LIFETIME_SECONDS: {
    ...wholeNumber(180 * daySeconds, daySeconds, 400 * daySeconds),
  },
  REGISTRATIONS_PER_ADDRESS: {
    ...wholeNumber(30, 1, 100_000),
  },
  LOGINS_PER_ADDRESS: {
    ...wholeNumber(300, 1, 100_000),
  },
  REFRESHES_PER_ADDRESS: {
    ...wholeNumber(600, 1, 100_000),
  },
  MAILS_PER_ADDRESS: {
    ...wholeNumber(20, 1, 100_000),
  },
}

/** How many attempts are let through, and when. */
export interface AttemptLimits {
  /** Attempts for an account from one source without a delay. */
  readonly freeAttempts: number
  /**
   * After so many attempts for an account from everywhere, there is none for `closedSeconds`. For
   * one source half as many count, so that no source alone can close an account for others.
   */
  readonly maxAttempts: number
  /** The delay after the free attempts is 1 s, and doubles up to this. */
  readonly maxDelaySeconds: number
  /** How long there is none then. After so long without one, attempts are forgotten. */
  readonly closedSeconds: number
}

/** How many requests of each kind are let through. */
export interface RequestLimits {
  /** In a minute, for one address, or an IPv6 /64. */
  readonly perAddress: {
    readonly register: number
    readonly login: number
    /** Giving the password again. */
    readonly password: number
    readonly refresh: number
    /** Asking for a mail. */
    readonly mail: number
    /** Giving a code from a mail. */
    readonly code: number
  }
  /** In a second, for the whole isolate or process. */
  readonly perProcess: { readonly [Name in keyof typeof perProcess]: number }
}

/** How much is let through. */
export interface Limits {
  /** Whether they are raised, for load tests. Then the platform's limit is not asked either. */
  readonly isRaised: boolean
  /** Passwords for an account. */
  readonly attempts: AttemptLimits
  /** How long a device is known after its last login, in seconds. */
  readonly deviceTokenLifetimeSeconds: number
  /** Requests, in the memory of an isolate or process. */
  readonly requests: RequestLimits
}

type LimitValues = {
  readonly [Name in keyof typeof limitSettings]: (typeof limitSettings)[Name]['fallback']
}

/** The limits of the settings. */
export function limitsOf(values: LimitValues): Limits {
  const isRaised = values.LIMITS === 'raised'
  const factor = isRaised ? raisedFactor : 1
  return {
    isRaised,
    attempts: {
      freeAttempts: values.FREE_ATTEMPTS * factor,
      maxAttempts: values.MAX_ATTEMPTS * factor,
      maxDelaySeconds: values.MAX_ATTEMPT_DELAY_SECONDS,
      closedSeconds: values.ATTEMPTS_CLOSED_SECONDS,
    },
    deviceTokenLifetimeSeconds: values.DEVICE_TOKEN_LIFETIME_SECONDS,
    requests: {
      perAddress: {
        register: values.REGISTRATIONS_PER_ADDRESS * factor,
        login: values.LOGINS_PER_ADDRESS * factor,
        password: values.LOGINS_PER_ADDRESS * factor,
        refresh: values.REFRESHES_PER_ADDRESS * factor,
        mail: values.MAILS_PER_ADDRESS * factor,
        code: values.LOGINS_PER_ADDRESS * factor,
      },
      perProcess: {
        check: perProcess.check * factor,
        introspect: perProcess.introspect * factor,
      },
    },
  }
}
