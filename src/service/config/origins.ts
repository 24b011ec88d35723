// CORS_ORIGINS: origins of web pages, of apps in a WebView, and of all subdomains of one domain.

import { type Result, refuse, succeed } from '../../errors/reasons.ts'

const subdomains = /^https:\/\/\*\.(?=[^.]+\.[^.])/
/** Whose subdomains belong to strangers: whoever registers one could call the service. */
const sharedDomains =
  /^https:\/\/\*\.((co|com|net|org|gov|edu|ac)\.[a-z]{2}|(workers|pages|deno)\.dev|(vercel|netlify|web)\.app|github\.io)(:|$)/
/** As apps have one. Schemes that browsers read as something else are none. */
const appOrigin =
  /^(?!https?:|wss?:|ftp:|file:|data:|blob:|javascript:|about:|filesystem:)[a-z][a-z0-9+.-]*:\/\/[\w.-]+(:\d+)?$/

/** The origins of a list, or what is wrong with it, to complete the sentence "NAME …". */
export function parseOrigins(text: string): Result<readonly string[], string> {
  const origins = text.split(',').map((origin) => origin.trim())
  if (origins.some((origin) => sharedDomains.test(origin))) {
    return refuse('must have no * before a domain whose subdomains belong to strangers')
  }
  return origins.every(isOrigin)
    ? succeed(origins)
    : refuse(
        'must be origins, separated by commas: https://app.example.com, https://*.example.com or capacitor://localhost',
      )
}

function isOrigin(origin: string): boolean {
  if (appOrigin.test(origin)) return true
  const one = origin.replace(subdomains, 'https://a.')
  return /^https?:/.test(one) && !one.includes('*') && URL.parse(one)?.origin === one
}
