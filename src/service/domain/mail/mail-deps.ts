// What sending mail needs from outside.

import type { CodeDeps } from '../codes/code-deps.ts'

/** Services and settings. */
export interface MailDeps extends CodeDeps {
  /** Takes one line of JSON for each mail that was not sent. */
  readonly log: (line: string) => void
}
