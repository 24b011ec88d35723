/** Why nothing has ended, as clients hear it. */
export const endingRefusals = {
  already_revoked: 'token_revoked',
  account_gone: 'account_gone',
  unknown: 'session_unknown',
} as const
