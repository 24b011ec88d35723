// What a service Worker of one's own is made of: `createWorker` for one that is nothing else, the
// parts for one that is more.

export { createApp } from './app.ts'
export { type Config, type Platform, parseConfig } from './config.ts'
export {
  createWorker,
  type ServiceWorker,
  type WorkerContext,
  type WorkerOptions,
} from './create-worker.ts'
export type { ClientAddress, Deps, Env } from './deps.ts'
export type { ClaimsHook, ClaimsUser } from './domain/sessions/tokens.ts'
export type { Result } from './errors/reasons.ts'
export { type Runtime, systemRuntime } from './runtime.ts'
export { createDeps, createService, type Service, type Surroundings } from './service.ts'
