// What the parts of the service may be: those that the platform gives, and all that are made from
// them.

import { aFunction, must, optional } from '../errors/check-options.ts'
import { runtimeFunctions, runtimeRule } from '../runtime/runtime.ts'
import { databaseRule } from './store/database.ts'

export const partRules = {
  runtime: runtimeRule(runtimeFunctions),
  database: databaseRule,
  log: aFunction(),
  claims: optional(aFunction()),
  clientAddress: optional(aFunction()),
  platformLimit: optional(aFunction()),
}

const aPart = must((value) => typeof value === 'object' && !!value, 'what createDeps makes')

export const depRules = {
  ...partRules,
  clientAddress: partRules.log,
  platformLimit: partRules.log,
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
}
