-- Oldest schema served: 2
-- When somebody last proved that an account's email receives mail. Versions before neither read nor write it.
ALTER TABLE portcullis_users ADD COLUMN email_verified_at INTEGER;
