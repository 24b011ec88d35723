// The parts of a custom service Worker. `createWorker` creates a Worker that is only the service.
// The other parts are for a Worker that does more.

export type { Result } from './errors/reasons.ts'
export { type Runtime, systemRuntime } from './runtime/runtime.ts'
export { createApp } from './service/app.ts'
export type { Config, Platform, ServiceSettings } from './service/config/config.ts'
export type { AttemptLimits, Limits, RequestLimits } from './service/config/limit-settings.ts'
export type {
  CodeLifetimes,
  MailApi,
  MailerName,
  MailSender,
  VerifiedEmail,
} from './service/config/mail-settings.ts'
export { parseConfig } from './service/config/parse-config.ts'
export type { PasswordPolicy } from './service/config/password-settings.ts'
export type { Registration } from './service/config/settings.ts'
export type { SmtpServer } from './service/config/smtp-url.ts'
export {
  createWorker,
  type ServiceWorker,
  type WorkerContext,
  type WorkerOptions,
} from './service/create-worker.ts'
export type { ClientAddress, Deps } from './service/domain/deps.ts'
export type {
  HashProblem,
  PasswordHashFamily,
  StoredHash,
} from './service/domain/identity/hashes/password-hash-family.ts'
export { checkStoredHash } from './service/domain/identity/stored-hash.ts'
export type { ServiceEnv } from './service/http/service-env.ts'
export type {
  Mail,
  Mailer,
  MailFailure,
  MailFailureKind,
  SendContext,
} from './service/mail/mailer.ts'
export {
  createDeps,
  createService,
  type PlatformLimit,
  type PlatformParts,
  type Service,
} from './service/service.ts'
export type { ClaimsHook, ClaimsUser } from './token/claims-hook.ts'
