/** Names made of a fixed beginning and a free rest, which another program reads. */
export const passThroughPrefixes = [
  'driver.',
  'schema.history.internal.producer.',
  'schema.history.internal.consumer.',
  'signal.consumer.',
  'producer.override.',
  'consumer.override.',
  'admin.override.',
  'key.converter.',
  'value.converter.',
  'header.converter.',
] as const

export type NamePattern = { pattern: RegExp; like: string }

/** Names with a parameter inside, as Debezium reads them. */
export const namePatterns: readonly NamePattern[] = [
  { pattern: /^column\.truncate\.to\.\d+\.chars$/, like: 'column.truncate.to.20.chars' },
  { pattern: /^column\.mask\.with\.\d+\.chars$/, like: 'column.mask.with.8.chars' },
  { pattern: /^column\.mask\.hash\.[^.]+\.with\.salt\..+$/, like: 'column.mask.hash.SHA-256.with.salt.SALT' },
  {
    pattern: /^column\.mask\.hash\.v2\.[^.]+\.with\.salt\..+$/,
    like: 'column.mask.hash.v2.SHA-256.with.salt.SALT',
  },
  {
    pattern: /^snapshot\.select\.statement\.overrides\..+$/,
    like: 'snapshot.select.statement.overrides.db.table',
  },
  {
    pattern: /^topic\.creation\.[^.]+\.(include|exclude|replication\.factor|partitions|[a-z.]+)$/,
    like: 'topic.creation.default.partitions',
  },
]
