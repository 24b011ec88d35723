// What mails and pages have in common: the name of the service, and where its pages are.

import type { ServiceSettings } from '../config/config.ts'

/** The path of the service's own pages, below the issuer. */
export const accountPagesPath = '/account'

/**
 * The path of the page of the account, below the issuer. It is below `/auth`, because the cookie of
 * the refresh token goes only there.
 */
export const ownPagePath = '/auth/account'

/** What mails and pages call the service: the name of MAIL_FROM, or the host of the issuer. */
export function serviceNameOf({
  mailFrom,
  issuer,
}: Pick<ServiceSettings, 'mailFrom' | 'issuer'>): string {
  return mailFrom?.name ?? new URL(issuer).host
}

/** The URL of the pages that the links of mails lead to, without a slash at its end. */
export function accountPagesOf({
  accountPagesUrl,
  issuer,
}: Pick<ServiceSettings, 'accountPagesUrl' | 'issuer'>): string {
  return accountPagesUrl ?? `${issuer}${accountPagesPath}`
}

/** Whether there is a page to log in. The service has none where tokens travel in headers. */
export function hasLoginPage({
  accountPagesUrl,
  tokenTransport,
}: Pick<ServiceSettings, 'accountPagesUrl' | 'tokenTransport'>): boolean {
  return accountPagesUrl !== undefined || tokenTransport === 'cookie'
}
