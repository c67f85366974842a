-- The source's own place besides its position: Kafka's offsets, by topic and partition.
ALTER TABLE checkpoint ADD COLUMN IF NOT EXISTS `cursor` TEXT NULL;
