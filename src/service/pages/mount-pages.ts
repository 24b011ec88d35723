// The pages of the service: below `/account` where the links of mails lead, and the account itself.
// They are there if the service sends mail. Every refusal at those paths is a page.

import type { Hono } from 'hono'
import { html } from 'hono/html'
import type { Deps } from '../domain/deps.ts'
import type { RouteFamily } from '../http/route.ts'
import type { RefusalPage, ServiceEnv } from '../http/service-env.ts'
import { accountPagesPath, ownPagePath } from '../mail/account-pages.ts'
import { accountPath, hasAccountPage, showAccount, takeAccount } from './account-page.ts'
import { pathOfFlow, pathOfPages } from './code-flow.ts'
import { showForm, takeForm } from './code-pages.ts'
import { emailFlow, invitationFlow, loginFlow, resetFlow, undoFlow, verifyFlow } from './flows.ts'
import { respondPage, textsFor } from './page.ts'

/** Mounts the pages that the settings allow. */
export function mountPages(app: Hono<ServiceEnv>, deps: Deps): void {
  if (!deps.mailer) return
  const hasCookies = hasAccountPage(deps)
  const links = [verifyFlow, emailFlow, undoFlow, invitationFlow]
  const flows = [resetFlow, ...links, ...(hasCookies ? [loginFlow] : [])]
  if (hasCookies) {
    app.get(pathOfPages(deps), (c) => c.redirect(accountPath(deps), 303))
    app.get(accountPath(deps), (c) => showAccount(c, deps))
    app.post(accountPath(deps), (c) => takeAccount(c, deps))
  }
  for (const flow of flows) {
    const path = pathOfFlow(deps, flow)
    app.get(path, (c) => showForm(c, deps, flow))
    app.post(path, (c) => takeForm(c, deps, flow))
  }
}

/** The families of the pages' paths, for the form of refusals. They have no routes of their own. */
export function pageFamilies(deps: Deps): readonly RouteFamily[] {
  const paths = [accountPagesPath, ...(hasAccountPage(deps) ? [ownPagePath] : [])]
  return paths.map((path) => ({ path, refusalForm: refusalPage(deps), routes: [] }))
}

/** What does not exist, cannot be read, or fails before a form is known. */
function refusalPage(deps: Deps): RefusalPage {
  return (c, { status }) => {
    const texts = textsFor(c)
    const [heading, sentence] =
      status === 404
        ? [texts.notFoundHeading, texts.notFound]
        : [texts.failedHeading, status === 503 ? texts.unavailable : texts.failed]
    return respondPage(c, deps, { heading, body: html`<p>${sentence}</p>\n` }, status)
  }
}
