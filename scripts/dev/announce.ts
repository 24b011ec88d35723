import { randomBytes } from 'node:crypto'
import type { Config } from '../../src/service/config/config.ts'
import { quoteForShell } from './shell.ts'

/** The service's issuer in the guards of the examples (examples/). */
const examplesIssuer = 'http://127.0.0.1:8787'

interface Announced {
  /** Whether a Worker on this machine can reach the service over a service binding. */
  readonly hasBinding: boolean
  readonly referenceUrl: string | undefined
  readonly outboxUrl: string | undefined
}

/**
 * Tells the user the address of the service, with commands to copy into a shell, one after the
 * other: six with an outbox, four without. Adds the addresses of the outbox, of a page of the
 * service, and of the API reference, if there are any.
 */
export function announce(
  baseUrl: string,
  config: Config,
  { hasBinding, referenceUrl, outboxUrl }: Announced,
): void {
  const isByCookie = config.tokenTransport === 'cookie'
  console.log(commandsToTry(baseUrl, config, outboxUrl !== undefined))
  if (isByCookie) console.log(aboutSafari)
  if (config.issuer !== examplesIssuer || config.audience !== examplesIssuer) {
    if (hasBinding) console.log(optionsForExample(config))
    // Over HTTP, the example asks at the issuer's address, and it reads no cookies.
    else if (config.issuer === baseUrl && !isByCookie) console.log(exampleOverHttp(config))
  }
  if (outboxUrl) console.log(`Mails of the service are at ${outboxUrl}\n`)
  // Pages refuse forms that were not opened at the issuer's address.
  if (config.mailer !== 'none' && config.issuer === baseUrl) console.log(aPage(baseUrl, isByCookie))
  if (referenceUrl) console.log(`The API reference is at ${referenceUrl}\n`)
}

function commandsToTry(baseUrl: string, config: Config, hasOutbox: boolean): string {
  const account = newAccount(config)
  const linesOf = config.tokenTransport === 'cookie' ? linesByCookie : linesByBearer
  const lines = linesOf(baseUrl, account)
  if (hasOutbox) lines.push(...linesForNewPassword(baseUrl, account, newAccount(config)))
  return `
Portcullis is at ${baseUrl} (Ctrl-C ends it). ${hasOutbox ? 'Six' : 'Four'} commands to try it with:
register, show the account, log out, log in again${hasOutbox ? inWordsForNewPassword : ''}.

${lines.map((line) => `  ${line}\n`).join('')}`
}

const inWordsForNewPassword = `,
mail a code for a new password, set the new password. The last one asks for the code:
it is printed below when its mail comes`

function aPage(baseUrl: string, isByCookie: boolean): string {
  return isByCookie
    ? `The page of the account is at ${baseUrl}/account\n`
    : `The page for a new password is at ${baseUrl}/account/reset\n`
}

/** WebKit's bug 281149. HTTPS would need a certificate that the developer's machine trusts. */
const aboutSafari =
  'Use Chrome or Firefox: Safari keeps no Secure cookies of an http: address, not even on localhost.\n'

/** Takes the value of a member out of an answer. */
const takeFromAnswer = (member: string) => `sed 's/.*"${member}":"\\([^"]*\\)".*/\\1/'`

function linesByBearer(baseUrl: string, account: Account): string[] {
  const token = '-H "Authorization: Bearer $TOKEN"'
  const enter = (path: string) =>
    `TOKEN=$(curl -s ${baseUrl}/auth/${path} ${bodyOf(account)} | ${takeFromAnswer('auth_token')}); echo "$TOKEN"`
  return [
    enter('register'),
    `curl -s -w '\\n' ${baseUrl}/auth/status ${token}`,
    `curl -s -w '\\n' ${baseUrl}/auth/logout -X POST ${token}`,
    enter('login'),
  ]
}

/** curl keeps the cookies as a browser does, in a file for its owner alone. */
function linesByCookie(baseUrl: string, account: Account): string[] {
  const ask = `curl -s -w '\\n' -b "$COOKIES" -c "$COOKIES"`
  return [
    `COOKIES=$(mktemp); ${ask} ${baseUrl}/auth/register ${bodyOf(account)}`,
    `${ask} ${baseUrl}/auth/status`,
    // A POST that is not JSON could come from a form of another site.
    `${ask} ${baseUrl}/auth/logout -X POST ${json}`,
    `${ask} ${baseUrl}/auth/login ${bodyOf(account)}`,
  ]
}

/** The handle goes from the first to the second in a variable. The user types the code. */
function linesForNewPassword(baseUrl: string, { email }: Account, { password }: Account): string[] {
  const ask = `curl -s ${baseUrl}/auth/forgot-password ${bodyOf({ email })}`
  const body = String.raw`"{\"handle\":\"$HANDLE\",\"code\":\"$CODE\",\"new_password\":\"${password}\"}"`
  return [
    `HANDLE=$(${ask} | ${takeFromAnswer('handle')}); echo "$HANDLE"`,
    `printf 'Code: '; read -r CODE; curl -s -w '\\n' ${baseUrl}/auth/reset-password ${json} -d ${body}`,
  ]
}

const json = `-H 'Content-Type: application/json'`

function bodyOf(members: Partial<Account>): string {
  return `${json} -d '${JSON.stringify(members)}'`
}

interface Account {
  readonly email: string
  readonly password: string
}

/** A new account each time: a kept database has those of earlier runs. */
function newAccount({ passwordPolicy }: Config): Account {
  const email = `ada-${randomBytes(3).toString('hex')}@example.com`
  const password = randomBytes(6).toString('hex').padEnd(passwordPolicy.minLength, '0123456789')
  return { email, password }
}

function optionsForExample({ issuer, audience }: Config): string {
  const options = [`ISSUER:${issuer}`, `AUDIENCE:${audience}`].map(
    (variable) => `  --var ${quoteForShell(variable)}`,
  )
  return `An example's guard needs other settings. Add these to its \`wrangler dev\`:\n${options.join('')}\n`
}

/** A service binding does not reach Deno. */
function exampleOverHttp({ issuer, audience }: Config): string {
  const variables = `ISSUER=${quoteForShell(issuer)} AUDIENCE=${quoteForShell(audience)}`
  return `To run an example's guard, type in another shell (\`npm run build\` first):
  ${variables} npx deno run --allow-net --allow-env examples/deno/main.ts\n`
}
