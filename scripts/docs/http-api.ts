// docs/reference/http-api.md, from the routes and their prose.

import { refusalFor } from '../../src/errors/catalogue.ts'
import { occasions } from '../../src/errors/occasions.ts'
import type { Reason } from '../../src/errors/reasons.ts'
import type { Route, RouteFamily } from '../../src/service/http/route.ts'
import { credentialRefusals, limitRefusals } from '../../src/service/http/route-refusals.ts'
import { routeFamilies } from '../../src/service/routes/routes.ts'
import { documentedPath, proseOf } from '../openapi/document.ts'
import { renderTable } from './markdown.ts'

interface DescribedRoute {
  readonly route: Route
  readonly request: string
}

const all: readonly DescribedRoute[] = (routeFamilies as readonly RouteFamily[]).flatMap((family) =>
  family.routes.map((route) => ({
    route,
    request: `\`${route.method} ${documentedPath(family, route)}\``,
  })),
)

/** All routes, in one table. */
function renderRouteTable(): string {
  const rows = all.map(({ route, request }) => [request, proseOf(route).summary])
  return renderTable(['request', 'what it does'], rows)
}

/** docs/reference/http-api.md */
export function renderHttpApi(): string {
  const tags = [...new Set(all.map(({ route }) => proseOf(route).tag))]
  return `# HTTP API

*Generated from the routes by \`npm run docs\`.*

A running service has the same as an OpenAPI document, at \`/openapi.json\`. The package has it as \`portcullis/openapi.json\`.

Refusals are \`{ "status": "fail", "message", "code" }\` in JSON; at \`/oauth/*\` they are \`{ "error", "error_description" }\`. [errors.md](errors.md) lists all of them. Where the two contracts of \`HTTP_CONTRACT\` differ, the tables have both: classic / standard.

Send the access token in \`Authorization: Bearer …\`, and nowhere else. With \`TOKEN_TRANSPORT=cookie\` it travels in a cookie ([browser apps](../guides/browser-apps.md)). Where \`ISSUER\` has a path, all paths are under it; the metadata is before it (RFC 8414 §3).

${renderRouteTable()}

${tags.map(renderTag).join('\n\n')}

## What an access token is refused for

${renderRefusals(credentialRefusals.access_token)}

## What many routes refuse

Bodies, cookies, paths and outages, wherever a route has to do with them. At \`/oauth/*\` these codes are OAuth's own.

${renderRefusals(common)}
`
}

/** Reasons that are not specific to a route. */
const common: readonly Reason[] = [
  'unsupported_media_type',
  'body_missing',
  'invalid_json',
  'body_not_object',
  'invalid_input',
  'body_too_large',
  'body_incomplete',
  'cross_site_request',
  'not_found',
  'method_not_allowed',
  'database_unavailable',
  'misconfigured',
  'internal',
]

function renderTag(tag: string): string {
  const routes = all.filter(({ route }) => proseOf(route).tag === tag)
  return `## ${tag}\n\n${routes.map(renderRoute).join('\n\n')}`
}

function renderRoute({ route, request }: DescribedRoute): string {
  const { summary, description } = proseOf(route)
  const own = ownRefusals(route)
  const parts = [
    `### ${request}`,
    [summary, description].filter(Boolean).join(' '),
    `Takes ${takenBy(route)}.${queryOf(route)} Answers ${answersOf(route)}.`,
    ...(own.length > 0 ? [renderRefusals(own)] : []),
  ]
  return parts.join('\n\n')
}

/** What its query may have, in a sentence. */
function queryOf(route: Route): string {
  const names = Object.keys(proseOf(route).parameters ?? {})
  const inQuery = names.filter((name) => !route.path.includes(`:${name}`))
  return inQuery.length > 0 ? ` The query may have \`${inQuery.join('`, `')}\`.` : ''
}

/** Credential → what a request presents, in words. */
const presented: Readonly<Record<Route['credential'], string>> = {
  none: 'no credential',
  access_token: 'an access token',
  session_tokens: 'an access token',
  refresh_token: 'a refresh token, in the body or in its cookie',
  oauth_client: 'a form with `token`, from a client of `OAUTH_CLIENTS`',
  oauth_client_if_any: 'a form with `token`',
}

function takenBy(route: Route): string {
  const { request, members = {} } = proseOf(route)
  const isForm = route.credential.startsWith('oauth_client')
  if (!request || isForm) return presented[route.credential]
  const names = Object.keys(request)
  const others = Object.keys(members).filter((name) => !names.includes(name))
  const body = `\`{ ${names.map((name) => `"${name}"`).join(', ')} }\``
  const more = others.length > 0 ? `. The body may also have \`${others.join('`, `')}\`` : ''
  return `${presented[route.credential]}, and ${body}${withoutBody(route, names)}${more}`
}

/** A body that is only the refresh token is left out where a cookie has that token. */
function withoutBody({ isBodyOptional }: Route, names: readonly string[]): string {
  if (!isBodyOptional) return ''
  return names.join() === 'refresh_token' ? ' or, with cookies, no body' : ' or no body'
}

function answersOf(route: Route): string {
  const { answer } = proseOf(route)
  const members = typeof answer === 'object' && answer ? membersOf(answer) : []
  const body = members.length > 0 ? ` with \`${members.join('`, `')}\`` : ''
  const { accepted } = proseOf(route)
  const byMail = accepted ? ` or \`202\` with \`${membersOf(accepted).join('`, `')}\`` : ''
  return `\`${route.success}\`${body}${byMail}${route.hasEtag ? ' or `304`' : ''}`
}

/** The members of an answer besides those of the envelope, and the members of its `data`. */
function membersOf(answer: object): string[] {
  return Object.entries(answer)
    .filter(([name]) => name !== 'status' && name !== 'message')
    .flatMap(([name, value]) =>
      name === 'data' ? Object.keys(value).map((member) => `data.${member}`) : [name],
    )
}

/** The refusals of the route apart from those of a bad access token. */
function ownRefusals({ credential, limits, refusals }: Route): readonly Reason[] {
  const ofCredential: readonly Reason[] = credentialRefusals[credential]
  const known: readonly Reason[] = credentialRefusals.access_token
  const others = ofCredential.filter((reason) => !known.includes(reason))
  return [...new Set([...others, ...limitRefusals[limits], ...refusals])]
}

function renderRefusals(reasons: readonly Reason[]): string {
  const rows = reasons.map((reason) => {
    const both = (['classic', 'standard'] as const).map((contract) => refusalFor(reason, contract))
    const statuses = [...new Set(both.map(({ status }) => String(status)))]
    return [statuses.join(' / '), `\`${both[0]?.code}\``, occasions[reason].when]
  })
  return renderTable(['status', 'code', 'when'], rows)
}
