-- Oldest schema served: 1
-- Sessions, which refresh tokens belong to, and roles beside admin. The version before goes on with both: it knows neither.
CREATE TABLE portcullis_sessions (
  id TEXT PRIMARY KEY NOT NULL,
  user_id INTEGER NOT NULL,
  version INTEGER DEFAULT 1 NOT NULL,
  created_at INTEGER NOT NULL,
  authenticated_at INTEGER NOT NULL,
  rotated_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  absolute_expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  device TEXT,
  address TEXT,
  FOREIGN KEY (user_id) REFERENCES portcullis_users (id) ON DELETE CASCADE,
  CONSTRAINT portcullis_sessions_id CHECK (length(id) = 16)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX portcullis_sessions_user_id ON portcullis_sessions (user_id);
--> statement-breakpoint
CREATE INDEX portcullis_sessions_expires_at ON portcullis_sessions (expires_at);
--> statement-breakpoint
ALTER TABLE portcullis_users ADD COLUMN other_roles TEXT DEFAULT '' NOT NULL;
