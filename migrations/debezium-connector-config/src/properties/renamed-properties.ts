import type { DebeziumVersion } from '../property.ts'

export type Renamed = {
  /** The name to write instead; absent when nothing replaces it. */
  now?: string
  /** The release that stopped reading the old name. */
  gone: '1.x' | '2.0' | '2.2' | DebeziumVersion
  /** The old name is still read: a warning, not an error. */
  stillRead?: true
}

/** Names that Debezium once read. Its own validation accepts them silently and ignores them. */
export const renamedProperties: Readonly<Record<string, Renamed>> = {
  'database.server.name': { now: 'topic.prefix', gone: '2.0' },
  'database.history': { now: 'schema.history.internal', gone: '2.0' },
  'database.history.store.only.monitored.tables.ddl': {
    now: 'schema.history.internal.store.only.captured.tables.ddl',
    gone: '2.0',
  },
  'database.whitelist': { now: 'database.include.list', gone: '2.0' },
  'database.blacklist': { now: 'database.exclude.list', gone: '2.0' },
  'table.whitelist': { now: 'table.include.list', gone: '2.0' },
  'table.blacklist': { now: 'table.exclude.list', gone: '2.0' },
  'column.whitelist': { now: 'column.include.list', gone: '2.0' },
  'column.blacklist': { now: 'column.exclude.list', gone: '2.0' },
  'snapshot.minimal.locks': { now: 'snapshot.locking.mode', gone: '1.x' },
  'rows.fetch.size': { now: 'snapshot.fetch.size', gone: '1.x' },
  'source.struct.version': { gone: '2.0' },
  'gtid.new.channel.position': { gone: '2.0' },
  'transaction.topic': { now: 'topic.transaction', gone: '2.0' },
  'sanitize.field.names': { now: 'field.name.adjustment.mode', gone: '2.2' },
  'snapshot.new.tables': { gone: '2.7' },
  'connector.adapter': { gone: '2.7' },
  'internal.legacy.snapshot.max.threads': {
    now: 'legacy.snapshot.max.threads',
    gone: '3.6',
    stillRead: true,
  },
  'event.deserialization.failure.handling.mode': {
    now: 'event.processing.failure.handling.mode',
    gone: '2.7',
    stillRead: true,
  },
}

/** Families of names that moved as a whole: old prefix → new prefix. */
export const renamedFamilies: Readonly<Record<string, string>> = {
  'database.history.': 'schema.history.internal.',
}
