-- Oldest schema served: 2
-- Emails that change, accounts that are deleted later, and mails that tell a time. Versions before know none of them.
ALTER TABLE portcullis_codes ADD COLUMN new_email TEXT;
--> statement-breakpoint
ALTER TABLE portcullis_codes ADD COLUMN new_email_normalized TEXT;
--> statement-breakpoint
ALTER TABLE portcullis_codes ADD COLUMN session_id TEXT;
--> statement-breakpoint
ALTER TABLE portcullis_outgoing_mail ADD COLUMN due_at INTEGER;
--> statement-breakpoint
ALTER TABLE portcullis_users ADD COLUMN deletion_due_at INTEGER;
--> statement-breakpoint
CREATE INDEX portcullis_users_deletion_due_at ON portcullis_users (deletion_due_at) WHERE deletion_due_at IS NOT NULL;
--> statement-breakpoint
CREATE INDEX portcullis_codes_new_email_normalized ON portcullis_codes (new_email_normalized) WHERE new_email_normalized IS NOT NULL;
--> statement-breakpoint
CREATE INDEX portcullis_code_handles_code_id ON portcullis_code_handles (code_id);
