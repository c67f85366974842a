-- A parked change that is left out on purpose: who said so, and why.
ALTER TABLE parked_change
  ADD COLUMN IF NOT EXISTS skipped_at  DATETIME(6)  NULL,
  ADD COLUMN IF NOT EXISTS skipped_by  VARCHAR(128) NULL,
  ADD COLUMN IF NOT EXISTS skip_reason VARCHAR(500) NULL;
