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
export type { ClientAddress, Deps } from './deps.ts'
export type { Result } from './errors/reasons.ts'
export type { ServiceEnv } from './http/service-env.ts'
export { type Runtime, systemRuntime } from './runtime.ts'
export { createDeps, createService, type Service, type Surroundings } from './service.ts'
export type { ClaimsHook, ClaimsUser } from './token/claims-hook.ts'
