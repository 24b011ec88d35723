// All routes of the service.

import type { RouteFamily } from '../http/route.ts'
import { authRoutes } from './auth.ts'
import { codeRoutes } from './codes.ts'
import { emailRoutes } from './email-change.ts'
import { eventRoutes } from './events.ts'
import { feedRoutes } from './feed.ts'
import { healthRoutes } from './health.ts'
import { oauthRoutes } from './oauth.ts'
import { ownAccountRoutes } from './own-account.ts'
import { passwordRoutes } from './password.ts'
import { sessionRoutes } from './sessions.ts'
import { wellKnownRoutes } from './well-known.ts'

/** The routes, by the beginning of their paths. */
export const routeFamilies = [
  {
    path: '/auth',
    isSameSiteOnly: true,
    routes: [
      ...authRoutes,
      ...codeRoutes,
      ...emailRoutes,
      ...passwordRoutes,
      ...sessionRoutes,
      ...eventRoutes,
      ...ownAccountRoutes,
      ...feedRoutes,
    ],
  },
  { path: '/oauth', refusalForm: 'oauth', routes: oauthRoutes },
  { path: '', routes: [...healthRoutes, ...wellKnownRoutes] },
] as const satisfies readonly RouteFamily[]
