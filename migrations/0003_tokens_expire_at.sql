-- Oldest schema served: 2
-- When the last access token of a session expires: a revocation is remembered until then. Also which refresh tokens count as reused, and counters that make floods of revocations coarser.
ALTER TABLE portcullis_sessions ADD COLUMN tokens_issued INTEGER DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE portcullis_sessions ADD COLUMN tokens_expire_at INTEGER DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE portcullis_sessions ADD COLUMN reused_below INTEGER DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE portcullis_sessions ADD COLUMN marked_version INTEGER DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE portcullis_sessions ADD COLUMN marked_at INTEGER DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE portcullis_sessions ADD COLUMN refreshes INTEGER DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE portcullis_sessions ADD COLUMN refreshes_since INTEGER DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE portcullis_sessions ADD COLUMN token_revocations INTEGER DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE portcullis_sessions ADD COLUMN token_revocations_until INTEGER DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE portcullis_users ADD COLUMN logouts_everywhere INTEGER DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE portcullis_users ADD COLUMN logouts_everywhere_since INTEGER DEFAULT 0 NOT NULL;
--> statement-breakpoint
-- What the version before has issued expires within the greatest lifetime of an access token.
UPDATE portcullis_sessions SET tokens_expire_at = unixepoch() + 86460;
--> statement-breakpoint
-- The version before goes on issuing, and knows nothing of these columns: two triggers keep tokens_expire_at true for it. 60 s more than the greatest lifetime, for it gives a successor again within its grace window without a write. Two more make its revocations last as long as the tokens that this version has issued. The next schema drops all four.
CREATE TRIGGER portcullis_sessions_begun AFTER INSERT ON portcullis_sessions WHEN NEW.tokens_issued = 0
BEGIN
  UPDATE portcullis_sessions SET tokens_expire_at = unixepoch() + 86460 WHERE id = NEW.id;
END;
--> statement-breakpoint
CREATE TRIGGER portcullis_sessions_issued AFTER UPDATE OF version, authenticated_at ON portcullis_sessions WHEN NEW.tokens_issued = OLD.tokens_issued
BEGIN
  UPDATE portcullis_sessions SET tokens_expire_at = unixepoch() + 86460 WHERE id = NEW.id;
END;
--> statement-breakpoint
CREATE TRIGGER portcullis_sessions_published AFTER INSERT ON portcullis_revoked_tokens
BEGIN
  UPDATE portcullis_revoked_tokens
  SET expires_at = max(expires_at, min((SELECT tokens_expire_at FROM portcullis_sessions WHERE id = NEW.id), unixepoch() + 86400))
  WHERE seq = NEW.seq AND EXISTS (SELECT 1 FROM portcullis_sessions WHERE id = NEW.id);
END;
--> statement-breakpoint
CREATE TRIGGER portcullis_generations_published AFTER UPDATE OF token_generation ON portcullis_users WHEN NEW.token_generation <> OLD.token_generation
BEGIN
  UPDATE portcullis_revoked_tokens
  SET expires_at = max(expires_at, min(coalesce((SELECT max(tokens_expire_at) FROM portcullis_sessions WHERE user_id = NEW.id), 0), unixepoch() + 86400))
  WHERE id = OLD.token_generation;
END;
