// CORS_ORIGINS: origins of web pages, of apps in a WebView, and of all subdomains of one domain.

import { type Result, refuse, succeed } from '../../errors/reasons.ts'

const subdomains = /^https:\/\/\*\.(?=[^.]+\.[^.])/
/**
 * Domains whose subdomains belong to strangers. Anybody who registers one could call the service.
 * This is not a full list: it has the usual ones.
 */
const sharedDomains =
  /^https:\/\/\*\.((co|com|net|org|gov|edu|ac)\.[a-z]{2}|(workers|pages|deno|r2)\.dev|(vercel|netlify|web|ngrok-free)\.app|(github|gitlab)\.io|(herokuapp|onrender|firebaseapp|([\w-]+\.)*amazonaws|trycloudflare)\.com|fly\.dev|(cloudfront|azurewebsites)\.net)\.?(:|$)/
/** The origin of an app. Schemes that browsers read as something else are excluded. */
const appOrigin =
  /^(?!https?:|wss?:|ftp:|file:|data:|blob:|javascript:|about:|filesystem:)[a-z][a-z0-9+.-]*:\/\/[\w.-]+(:\d+)?$/

/** The origins of a list, or what is wrong with it. The problem completes the sentence "NAME …". */
export function parseOrigins(text: string): Result<readonly string[], string> {
  const origins = text.split(',').map((origin) => origin.trim())
  if (origins.some((origin) => sharedDomains.test(origin))) {
    return refuse('must have no * before a domain whose subdomains belong to others')
  }
  const wrong = origins.find((origin) => !isOrigin(origin))
  if (wrong === undefined) return succeed(origins)
  const form = originOf(wrong)
  return form
    ? refuse(`must have this origin written as ${form}`)
    : refuse(
        'must be origins, separated by commas: https://app.example.com, https://*.example.com or capacitor://localhost',
      )
}

/** The right form of an origin that is written in another way. */
function originOf(text: string): string | undefined {
  const url = URL.parse(text)
  const isBare = url && url.href === `${url.origin}/`
  return isBare && isOrigin(url.origin) ? url.origin : undefined
}

function isOrigin(origin: string): boolean {
  if (appOrigin.test(origin)) return true
  const one = origin.replace(subdomains, 'https://a.')
  return /^https?:/.test(one) && !one.includes('*') && URL.parse(one)?.origin === one
}
