import { type DatabasePlace, type DataDraft, type Draft, type Secrets, sideName } from './draft.ts'
import { type MappedTable, proposeMapping } from './propose-mapping.ts'

const toolkitRights = 'REPLICATION SLAVE, BINLOG MONITOR, RELOAD, PROCESS, BINLOG REPLAY, CONNECTION ADMIN'
/** The toolkit's own schema, on every server that it works with. */
export const controlSchema = 'strangler'

/** Run once on the monolith's server by an administrator: the toolkit's accounts and its schema. Safe to repeat. */
export function legacySql({ secrets }: Draft, { legacy }: DataDraft): string {
  return `-- Run once on the monolith's database server by an administrator: the toolkit's accounts, and a schema of its own.
-- Safe to repeat. Nothing of the monolith is changed.
${accounts(legacy, secrets)}`
}

/** Run once on the new side's server: its schema and tables, the service's account, the toolkit's accounts. */
export function extractedSql(draft: Draft, data: DataDraft): string {
  const { extracted } = data
  const service = account(serviceUser(draft), extracted)
  return `-- Run once on the server of the new service by an administrator. Safe to repeat.
CREATE DATABASE IF NOT EXISTS ${name(extracted.schema)} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
${proposeMapping(data)
  .map(table => tableSql(table, extracted.schema))
  .join('')}
-- The service has its own schema and no other.
CREATE USER IF NOT EXISTS ${service};
ALTER USER ${service} IDENTIFIED BY '${draft.secrets.service}';
GRANT ALL ON ${name(extracted.schema)}.* TO ${service};

${accounts(extracted, draft.secrets)}`
}

export function serviceUser(draft: Pick<Draft, 'capability'>): string {
  return `${sideName(draft).slice(0, 24)}_service`
}

function accounts(place: DatabasePlace, secrets: Secrets): string {
  const toolkit = account('strangler', place)
  const applier = account('strangler_applier', place)
  return `CREATE DATABASE IF NOT EXISTS ${controlSchema} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
-- The toolkit: reads the binlog, copies, compares, and lets the fence down and up.
CREATE USER IF NOT EXISTS ${toolkit};
ALTER USER ${toolkit} IDENTIFIED BY '${secrets.toolkit}';
GRANT ${toolkitRights} ON *.* TO ${toolkit};
GRANT SELECT ON mysql.db TO ${toolkit};
GRANT SELECT ON mysql.tables_priv TO ${toolkit};
GRANT ALL ON ${name(place.schema)}.* TO ${toolkit} WITH GRANT OPTION;
GRANT ALL ON ${controlSchema}.* TO ${toolkit} WITH GRANT OPTION;
-- The applier: writes rows under an origin of its own; the fence lets it pass.
CREATE USER IF NOT EXISTS ${applier};
ALTER USER ${applier} IDENTIFIED BY '${secrets.applier}';
GRANT BINLOG REPLAY ON *.* TO ${applier};
GRANT SELECT, INSERT, UPDATE, DELETE ON ${name(place.schema)}.* TO ${applier};
GRANT SELECT, INSERT, UPDATE, DELETE ON ${controlSchema}.* TO ${applier};
`
}

function tableSql({ draft, extracted, columns }: MappedTable, schema: string): string {
  const renamed = (legacy: string) => columns.find(column => column.legacy === legacy)?.extracted ?? legacy
  const list = (names: readonly string[]) => names.map(one => name(renamed(one))).join(', ')
  const lines = columns.map(
    ({ extracted: column, type, change, column: { nullable, autoIncrement, collation } }) =>
      [
        `  ${name(column)} ${type}`,
        ...(collation === undefined || change !== 'none' ? [] : [`COLLATE ${collation}`]),
        nullable ? 'NULL' : 'NOT NULL',
        ...(autoIncrement ? ['AUTO_INCREMENT'] : []),
      ].join(' '),
  )
  return `CREATE TABLE IF NOT EXISTS ${name(schema)}.${name(extracted)} (
${[
  ...lines,
  ...(draft.key.length > 0 ? [`  PRIMARY KEY (${list(draft.key)})`] : []),
  ...draft.indexes.map(({ unique, columns: of }) => `  ${unique ? 'UNIQUE ' : ''}KEY (${list(of)})`),
].join(',\n')}
) ENGINE = InnoDB;
`
}

/** A host of our own machine gets an account for that address alone. */
function account(user: string, { host }: DatabasePlace): string {
  const from = host === '127.0.0.1' || host === 'localhost' || host === '::1' ? host : '%'
  return `'${user}'@'${from}'`
}

function name(identifier: string): string {
  return `\`${identifier.replaceAll('`', '``')}\``
}
