-- Oldest schema served: 1
-- Accounts, the set of revoked ids, and the epoch of its history. STRICT, because SQLite would otherwise store what it is given.
CREATE TABLE portcullis_users (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  email TEXT NOT NULL,
  email_normalized TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  admin INTEGER DEFAULT false NOT NULL,
  token_generation TEXT NOT NULL,
  disabled_at INTEGER,
  registered_at INTEGER NOT NULL,
  CONSTRAINT portcullis_users_admin CHECK (admin IN (0, 1)),
  CONSTRAINT portcullis_users_token_generation CHECK (length(token_generation) = 16)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX portcullis_users_email_normalized_unique ON portcullis_users (email_normalized);
--> statement-breakpoint
CREATE TABLE portcullis_revoked_tokens (
  seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  id TEXT NOT NULL,
  revoked_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  CONSTRAINT portcullis_revoked_tokens_id CHECK (length(id) = 16)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX portcullis_revoked_tokens_id_unique ON portcullis_revoked_tokens (id);
--> statement-breakpoint
CREATE INDEX portcullis_revoked_tokens_expires_at ON portcullis_revoked_tokens (expires_at);
--> statement-breakpoint
CREATE TABLE portcullis_feed_state (
  id INTEGER PRIMARY KEY NOT NULL,
  epoch TEXT NOT NULL,
  CONSTRAINT portcullis_feed_state_one_row CHECK (id = 1)
) STRICT;
--> statement-breakpoint
INSERT INTO portcullis_feed_state (id, epoch) VALUES (1, lower(hex(randomblob(12))));
