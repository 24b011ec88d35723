// What each setting means, for docs/reference/settings.md. It is not part of the service's bundle.
// A setting without a meaning does not compile.

import type { SettingName } from '../../src/service/config/settings.ts'

/** Setting → its meaning, and the unit of its value. */
export const settingMeanings = {
  ISSUER: {
    meaning: 'The `iss` of every token: the address under which the service is reached',
    unit: 'URL',
  },
  AUDIENCE: {
    meaning: 'The `aud` of every token: the APIs that accept it',
    unit: 'text',
  },
  TURSO_DATABASE_URL: {
    meaning: 'Where the database is',
    unit: 'URL',
  },
  TURSO_AUTH_TOKEN: {
    meaning: 'The token for the database; a secret',
    unit: 'text',
  },
  INSECURE_HTTP: {
    meaning:
      'Whether `ISSUER` and `TURSO_DATABASE_URL` may be `http:` on other machines. Others on the network can then read tokens: only for a private network',
    unit: 'word',
  },
  DATABASE_TIMEOUT_MS: {
    meaning: 'How long the database may take to answer. After that the answer is 503',
    unit: 'milliseconds',
  },
  DATABASE_REPLICAS: {
    meaning: 'Whether the database has read replicas. Then every check goes to the primary',
    unit: 'word',
  },
  SECRET_KEY: {
    meaning:
      'Makes the refresh tokens. Signs the access tokens (HS256) if there are no `SIGNING_KEYS`. A new one ends every session, unless `PREVIOUS_SECRET_KEY` is the old one; a secret',
    unit: 'text',
  },
  PREVIOUS_SECRET_KEY: {
    meaning:
      'The old `SECRET_KEY`, while it is exchanged. It signs nothing, and what it has signed stays good. Never set a key that has leaked; a secret',
    unit: 'text',
  },
  SIGNING_KEYS: {
    meaning:
      'The private keys that sign access tokens. Their public halves are published, so that other Workers can verify the tokens; a secret',
    unit: 'private JWK Set',
  },
  ACCESS_TOKEN_LIFETIME_SECONDS: {
    meaning: 'How long an access token is valid',
    unit: 'seconds',
  },
  SESSION_IDLE_LIFETIME_SECONDS: {
    meaning: 'How long a session lives without being refreshed',
    unit: 'seconds',
  },
  SESSION_LIFETIME_SECONDS: {
    meaning: 'How long a session lives at most. Then the user logs in again',
    unit: 'seconds',
  },
  REFRESH_GRACE_SECONDS: {
    meaning:
      'The grace window: how long a used refresh token still gives the same new one, for a second tab or a lost answer. After that it may count as stolen; from three times that on, it always does',
    unit: 'seconds',
  },
  MAX_SESSIONS_PER_USER: {
    meaning:
      'How many sessions of an account live at once. One login more ends the session whose refresh token was used least recently',
    unit: 'sessions',
  },
  SESSION_ADDRESSES: {
    meaning: 'Whether a session keeps the address of its login, to show it to the user',
    unit: 'word',
  },
  AUDIT_DETAILS_DAYS: {
    meaning:
      'How long the audit keeps the address and the device of [an event](audit-events.md). With 0 it keeps none. A change counts for later events',
    unit: 'days',
  },
  ACCOUNT_DELETION_DAYS: {
    meaning:
      'How long an account stays after its owner has asked to delete it. A login within that time keeps it. With 0 it is deleted at once. A change counts for later requests',
    unit: 'days',
  },
  TRUSTED_PROXIES: {
    meaning:
      'On Deno: how many proxies are in front of the service. Each must add the address of its client to `Forwarded` or `X-Forwarded-For`. With 0 these headers are not read',
    unit: 'proxies',
  },
  TOKEN_TRANSPORT: {
    meaning:
      'How tokens travel: in bodies and the Authorization header, or in cookies for pages of the same host',
    unit: 'word',
  },
  OAUTH_CLIENTS: {
    meaning: 'The clients that may introspect tokens, separated by commas; a secret',
    unit: '`id:secret`',
  },
  BCRYPT_COST: {
    meaning:
      'The cost of a password hash. Each step doubles the work. Stored hashes of another cost are replaced at the next login',
    unit: 'log2 of rounds',
  },
  PASSWORD_POLICY: {
    meaning:
      'What a new password must be: at least 8 characters, 15 with `nist`, 6 with `development`. The first two also refuse [what is easy to guess](../operate/passwords.md)',
    unit: 'word',
  },
  PASSWORD_MIN_LENGTH: {
    meaning: 'The least length of a new password, in the place of the one of the policy',
    unit: 'characters',
  },
  PASSWORD_BREACH_CHECK: {
    meaning:
      'Whether a new password is looked up in data breaches: [what leaves the service](../operate/passwords.md#what-leaves-the-service)',
    unit: 'word',
  },
  PASSWORD_BREACH_URL: {
    meaning:
      'The API that is asked then, as of Have I Been Pwned; a mirror of your own, for example',
    unit: 'URL',
  },
  EMAIL_DOMAINS: {
    meaning: 'The domains of the emails of new accounts: only with a dot, or also `localhost`',
    unit: 'word',
  },
  REGISTRATION: {
    meaning:
      'Who may register. `open`: everybody. `neutral`: everybody, and the answer does not tell whether the email has an account. `closed`: nobody. See docs/guides/registration.md',
    unit: 'word',
  },
  CORS_ORIGINS: {
    meaning: 'The origins whose pages may call the service, separated by commas',
    unit: 'origins',
  },
  HTTP_CONTRACT: {
    meaning: 'What clients get: the answers of flask-jwt-auth, or those for new applications',
    unit: 'word',
  },
  MAILER: {
    meaning:
      'What sends mail: nothing, an HTTP API, the binding `EMAIL` of Cloudflare, an SMTP server, or a mailer of your own. See docs/operate/mail.md',
    unit: 'word',
  },
  MAIL_FROM: {
    meaning: 'Who mail is from. Its name is also what mails call the service',
    unit: 'text',
  },
  MAIL_API_URL: {
    meaning: 'Where `MAILER=http` sends mail, in the form of Resend',
    unit: 'URL',
  },
  MAIL_API_KEY: {
    meaning: 'The key for `MAIL_API_URL`; a secret',
    unit: 'text',
  },
  SMTP_URL: {
    meaning: 'Where `MAILER=smtp` sends mail. It has the password; a secret',
    unit: 'URL',
  },
  ACCOUNT_PAGES_URL: {
    meaning:
      "The pages of your application that links in mails lead to. Default: the service's own pages",
    unit: 'URL',
  },
  REQUIRE_VERIFIED_EMAIL: {
    meaning:
      'Whether access tokens have the claim `email_verified`, for the APIs to ask for (`claims`). With `login`, nobody gets a session before the email is proved, either',
    unit: 'word',
  },
  NEW_DEVICE_MAILS: {
    meaning:
      'Whether a mail tells the owner of an account about [a login from a new device](../operate/mail.md#a-login-from-a-new-device). Without a mailer there is none',
    unit: 'word',
  },
  CODE_LIFETIME_SECONDS: {
    meaning:
      'How long the code of a mail is good, and the link to log in, to prove an email, or to change it',
    unit: 's',
  },
  RESET_LINK_LIFETIME_SECONDS: {
    meaning: 'How long the link to a new password, or of an invitation, is good',
    unit: 's',
  },
  LIMITS: {
    meaning:
      'Whether the limits are as set, or 1,000 times as high: for load tests, on a machine that nobody else reaches. Raised, the rate limiting bindings are not asked',
    unit: 'word',
  },
  FREE_ATTEMPTS: {
    meaning:
      'How many wrong passwords for an account from one address have no delay. After them it is 1 s, 2 s, 4 s and so on',
    unit: 'attempts',
  },
  MAX_ATTEMPT_DELAY_SECONDS: {
    meaning: 'The longest delay between two passwords for an account from one address',
    unit: 'seconds',
  },
  MAX_ATTEMPTS: {
    meaning:
      'How many wrong passwords for an account, from everywhere, close it to devices that it does not know. From one address it is half as many',
    unit: 'attempts',
  },
  ATTEMPTS_CLOSED_SECONDS: {
    meaning:
      'How long an account is closed to unknown devices then. Wrong passwords are forgotten when none has come for so long',
    unit: 'seconds',
  },
  DEVICE_TOKEN_LIFETIME_SECONDS: {
    meaning:
      'How long a device is known after its last login. Its attempts are counted apart from those of strangers',
    unit: 'seconds',
  },
  REGISTRATIONS_PER_ADDRESS: {
    meaning:
      'How many registrations one address may ask for in a minute. On Workers `REGISTER_RATE_LIMIT` counts, too',
    unit: 'requests',
  },
  LOGINS_PER_ADDRESS: {
    meaning:
      'How many logins one address may ask for in a minute; and how often it may give a password again. On Workers `LOGIN_RATE_LIMIT` counts, too',
    unit: 'requests',
  },
  REFRESHES_PER_ADDRESS: {
    meaning:
      'How many refreshes one address may ask for in a minute; an office may share one. On Workers `REFRESH_RATE_LIMIT` counts, too',
    unit: 'requests',
  },
  MAILS_PER_ADDRESS: {
    meaning: 'Requests for a mail that one address may send in a minute',
    unit: 'requests',
  },
} satisfies Record<SettingName, { readonly meaning: string; readonly unit: string }>
