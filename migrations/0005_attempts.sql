-- Oldest schema served: 2
-- How often passwords were tried, and which version of its password an account has. Versions before count no attempts, and change no password.
CREATE TABLE portcullis_attempts (
  key TEXT PRIMARY KEY NOT NULL,
  count INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX portcullis_attempts_last_at ON portcullis_attempts (last_at);
--> statement-breakpoint
ALTER TABLE portcullis_users ADD COLUMN password_version INTEGER NOT NULL DEFAULT 1;
