-- Oldest schema served: 2
-- What happened to accounts, the personal details of it, and the seals that show tampering. Versions before record nothing.
CREATE TABLE portcullis_audit_events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  at INTEGER NOT NULL,
  event TEXT NOT NULL,
  outcome TEXT NOT NULL,
  actor TEXT NOT NULL,
  user_id INTEGER,
  session_id TEXT,
  request_id TEXT,
  attempt_seq INTEGER,
  target TEXT
) STRICT;
--> statement-breakpoint
CREATE INDEX portcullis_audit_events_user_id ON portcullis_audit_events (user_id);
--> statement-breakpoint
-- They stop mistakes. Whoever can write to the database can drop them; the seals show that.
CREATE TRIGGER portcullis_audit_events_never_updated BEFORE UPDATE ON portcullis_audit_events
BEGIN
  SELECT RAISE(ABORT, 'audit events are never changed');
END;
--> statement-breakpoint
CREATE TRIGGER portcullis_audit_events_never_deleted BEFORE DELETE ON portcullis_audit_events
BEGIN
  SELECT RAISE(ABORT, 'audit events are never deleted');
END;
--> statement-breakpoint
CREATE TABLE portcullis_audit_details (
  seq INTEGER PRIMARY KEY NOT NULL,
  address TEXT,
  device TEXT,
  expires_at INTEGER NOT NULL
) STRICT;
--> statement-breakpoint
CREATE INDEX portcullis_audit_details_expires_at ON portcullis_audit_details (expires_at);
--> statement-breakpoint
CREATE TABLE portcullis_audit_seals (
  number INTEGER PRIMARY KEY NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  events INTEGER NOT NULL,
  mac TEXT NOT NULL,
  key_id TEXT NOT NULL,
  sealed_at INTEGER NOT NULL
) STRICT;
--> statement-breakpoint
ALTER TABLE portcullis_attempts ADD COLUMN is_refused INTEGER NOT NULL DEFAULT 0;
