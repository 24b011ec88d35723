-- Oldest schema served: 2
-- Mail that is to be sent, the codes that it carries, and the language of an account. Versions before send no mail.
CREATE TABLE portcullis_code_handles (
  id TEXT PRIMARY KEY NOT NULL,
  code_id TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  is_of_session INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT portcullis_code_handles_id CHECK(length(id) = 16)
) STRICT;
--> statement-breakpoint
CREATE INDEX portcullis_code_handles_created_at ON portcullis_code_handles (created_at);
--> statement-breakpoint
CREATE TABLE portcullis_codes (
  id TEXT PRIMARY KEY NOT NULL,
  purpose TEXT NOT NULL,
  user_id INTEGER NOT NULL,
  address TEXT NOT NULL,
  password_version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  code_expires_at INTEGER NOT NULL,
  link_expires_at INTEGER NOT NULL,
  used_at INTEGER,
  CONSTRAINT portcullis_codes_id CHECK(length(id) = 16)
) STRICT;
--> statement-breakpoint
CREATE INDEX portcullis_codes_user_id ON portcullis_codes (user_id, purpose, created_at);
--> statement-breakpoint
CREATE INDEX portcullis_codes_link_expires_at ON portcullis_codes (link_expires_at);
--> statement-breakpoint
CREATE TABLE portcullis_outgoing_mail (
  id TEXT PRIMARY KEY NOT NULL,
  kind TEXT NOT NULL,
  user_id INTEGER NOT NULL,
  address TEXT NOT NULL,
  recipient TEXT NOT NULL,
  language TEXT NOT NULL,
  code_id TEXT,
  device TEXT,
  created_at INTEGER NOT NULL,
  next_try_at INTEGER,
  tries INTEGER NOT NULL DEFAULT 0,
  sent_at INTEGER,
  given_up_at INTEGER,
  problem TEXT,
  CONSTRAINT portcullis_outgoing_mail_id CHECK(length(id) = 16)
) STRICT;
--> statement-breakpoint
CREATE INDEX portcullis_outgoing_mail_next_try_at ON portcullis_outgoing_mail (next_try_at, created_at);
--> statement-breakpoint
CREATE INDEX portcullis_outgoing_mail_recipient ON portcullis_outgoing_mail (recipient, created_at);
--> statement-breakpoint
CREATE INDEX portcullis_outgoing_mail_user_id ON portcullis_outgoing_mail (user_id);
--> statement-breakpoint
CREATE TABLE portcullis_suppressed_addresses (
  recipient TEXT PRIMARY KEY NOT NULL,
  until INTEGER NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX portcullis_suppressed_addresses_until ON portcullis_suppressed_addresses (until);
--> statement-breakpoint
ALTER TABLE portcullis_users ADD COLUMN language TEXT;
