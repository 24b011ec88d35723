-- Oldest schema served: 2
-- The living sessions of an account are found without those that have ended, of which there may be many. Indexes change nothing for the versions before.
CREATE INDEX portcullis_sessions_user_id_expires_at ON portcullis_sessions (user_id, expires_at);
--> statement-breakpoint
DROP INDEX portcullis_sessions_user_id;
--> statement-breakpoint
-- The trigger for version 0.4 read the ended ones, too. It runs before that version ends the living ones.
DROP TRIGGER portcullis_generations_published;
--> statement-breakpoint
CREATE TRIGGER portcullis_generations_published AFTER UPDATE OF token_generation ON portcullis_users WHEN NEW.token_generation <> OLD.token_generation
BEGIN
  UPDATE portcullis_revoked_tokens
  SET expires_at = max(expires_at, min(coalesce((SELECT max(tokens_expire_at) FROM portcullis_sessions WHERE user_id = NEW.id AND expires_at > unixepoch()), 0), unixepoch() + 86400))
  WHERE id = OLD.token_generation;
END;
