// What mails and pages have in common: the name of the service, and where its pages are.

import type { ServiceSettings } from '../config/config.ts'

/** The path of the service's own pages, below the issuer. */
export const accountPagesPath = '/account'

/** What mails and pages call the service: the name of MAIL_FROM, or the host of the issuer. */
export function serviceNameOf({
  mailFrom,
  issuer,
}: Pick<ServiceSettings, 'mailFrom' | 'issuer'>): string {
  return mailFrom?.name ?? new URL(issuer).host
}

/**
 * The URL of the pages that a mail's link leads to, without a slash at its end. Undefined: there is
 * none. The service has no page to log in where tokens travel in headers.
 */
export function accountPagesOf(
  {
    accountPagesUrl,
    issuer,
    tokenTransport,
  }: Pick<ServiceSettings, 'accountPagesUrl' | 'issuer' | 'tokenTransport'>,
  { isLogin }: { readonly isLogin: boolean },
): string | undefined {
  if (accountPagesUrl !== undefined) return accountPagesUrl
  return isLogin && tokenTransport !== 'cookie' ? undefined : `${issuer}${accountPagesPath}`
}
