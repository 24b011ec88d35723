// What the parts of the service may be: those that the platform gives, and all that are made from
// them.

import { aFunction, must, optional } from '../errors/check-options.ts'
import { runtimeFunctions, runtimeRule } from '../runtime/runtime.ts'
import { databaseRule } from './store/database.ts'

const isObject = (value: unknown) => typeof value === 'object' && value !== null

function isFamily(value: unknown): boolean {
  const { name, parse } = (isObject(value) ? value : {}) as Record<string, unknown>
  return typeof name === 'string' && typeof parse === 'function'
}

/** The rule for the families of password hashes that an application adds. */
export const passwordHashesRule = optional(
  must(
    (value) => Array.isArray(value) && value.every(isFamily),
    'a list of families, each with name and parse',
  ),
)

/** The rule for the mailer that an application brings. */
export const mailerRule = optional(
  must(
    (value) => isObject(value) && typeof (value as { send?: unknown }).send === 'function',
    'a mailer: an object with the function send',
  ),
)

const sharedRules = {
  runtime: runtimeRule(runtimeFunctions),
  database: databaseRule,
  log: aFunction(),
  claims: optional(aFunction()),
  clientAddress: optional(aFunction()),
  platformLimit: optional(aFunction()),
  mailer: mailerRule,
}

export const partRules = { ...sharedRules, passwordHashes: passwordHashesRule }

const aPart = must(isObject, 'what createDeps makes')

export const depRules = {
  ...sharedRules,
  clientAddress: sharedRules.log,
  platformLimit: sharedRules.log,
  settings: aPart,
  accessTokens: aPart,
  refreshTokens: aPart,
  passwords: aPart,
  hashQueue: aPart,
  breaches: aPart,
  attemptKeys: aPart,
  requestCounts: aPart,
  readiness: aPart,
  deviceTokens: aPart,
  jwkSet: aPart,
  oauthClients: aPart,
  feed: aPart,
  revocations: aPart,
  mailedCodes: aPart,
  formMac: aPart,
}
