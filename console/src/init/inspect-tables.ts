import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import type { ColumnDraft, TableDraft } from './draft.ts'

export type InspectedDatabase = { tables: readonly TableDraft[]; writers: readonly string[] }

const identifier = /^[A-Za-z_][A-Za-z0-9_$]{0,63}$/
/** Values looked at before another type is proposed for a column. */
const sampleRows = 10_000

/**
 * What the server says of those tables, and who may write them. Reads only.
 * @throws ToolkitError DATABASE_UNREACHABLE, CONFIG_TABLES with every table that cannot be moved
 */
export async function inspectTables(url: string, names: readonly string[]): Promise<InspectedDatabase> {
  const schema = decodeURIComponent(new URL(url).pathname.slice(1))
  let connection: Connection
  try {
    connection = await createConnection({ uri: url, connectTimeout: 5_000 })
  } catch (error) {
    throw new ToolkitError('DATABASE_UNREACHABLE', messageOf(error), {
      hint: 'npx strangler doctor --database URL says more',
      cause: error,
    })
  }
  connection.on('error', () => {})
  try {
    const known = await tableNames(connection, schema)
    const missing = names.filter(name => !known.includes(name))
    if (missing.length > 0)
      throw new ToolkitError('CONFIG_TABLES', `${schema} has no table ${missing.join(', ')}`, {
        details: { missing, tables: known },
        hint: known.length === 0 ? 'is it the right schema?' : `it has: ${known.join(', ')}`,
      })
    const tables: TableDraft[] = []
    for (const name of names) tables.push(await inspectTable(connection, schema, name))
    const problems = tables.flatMap(({ name, problems }) => problems.map(problem => `${name} ${problem}`))
    if (problems.length > 0)
      throw new ToolkitError(
        'CONFIG_TABLES',
        `these tables cannot be moved as they are:\n  ${problems.join('\n  ')}`,
        {
          details: { problems },
          hint: 'mend them first; npx strangler doctor --tables says how',
        },
      )
    return { tables, writers: await findWriters(connection, schema, names, new URL(url).username) }
  } finally {
    connection.destroy()
  }
}

/** Every table of the URL's schema, for a choice. */
export async function listTables(url: string): Promise<string[]> {
  const connection = await createConnection({ uri: url, connectTimeout: 5_000 })
  try {
    return await tableNames(connection, decodeURIComponent(new URL(url).pathname.slice(1)))
  } finally {
    connection.destroy()
  }
}

async function tableNames(connection: Connection, schema: string): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    "SELECT TABLE_NAME name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE' ORDER BY 1",
    [schema],
  )
  return rows.map(({ name }) => String(name))
}

async function inspectTable(connection: Connection, schema: string, table: string): Promise<TableDraft> {
  const [columns] = await connection.query<RowDataPacket[]>(
    `SELECT COLUMN_NAME name, COLUMN_TYPE type, DATA_TYPE kind, IS_NULLABLE nullable, EXTRA extra, COLLATION_NAME collation,
            CHARACTER_MAXIMUM_LENGTH length, GENERATION_EXPRESSION expression
       FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`,
    [schema, table],
  )
  const [parts] = await connection.query<RowDataPacket[]>(
    `SELECT INDEX_NAME name, COLUMN_NAME columnName, NON_UNIQUE nonUnique, SUB_PART part, INDEX_TYPE kind
       FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY INDEX_NAME, SEQ_IN_INDEX`,
    [schema, table],
  )
  const [references] = await connection.query<RowDataPacket[]>(
    `SELECT COLUMN_NAME name, REFERENCED_TABLE_NAME parent, REFERENCED_COLUMN_NAME target FROM information_schema.KEY_COLUMN_USAGE
      WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND REFERENCED_TABLE_NAME IS NOT NULL`,
    [schema, table],
  )
  const [[status]] = await connection.query<RowDataPacket[]>(
    'SELECT ENGINE engine FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [schema, table],
  )
  const key = parts.filter(({ name }) => name === 'PRIMARY').map(({ columnName }) => String(columnName))
  const stored = columns.filter(({ expression }) => expression === null || expression === '')
  const drafts: ColumnDraft[] = []
  for (const column of stored)
    drafts.push({
      name: String(column.name),
      type: String(column.type),
      nullable: column.nullable === 'YES',
      autoIncrement: /auto_increment/i.test(String(column.extra)),
      collation: column.collation === null ? undefined : String(column.collation),
      looksLike: key.includes(String(column.name))
        ? undefined
        : await looksLike(connection, schema, table, column),
    })
  const odd = [table, ...drafts.map(({ name }) => name)].filter(name => !identifier.test(name))
  const names = [...new Set(parts.filter(({ kind }) => kind === 'BTREE').map(({ name }) => String(name)))]
  return {
    name: table,
    key,
    columns: drafts,
    indexes: names
      .filter(name => name !== 'PRIMARY')
      .map(name => parts.filter(part => part.name === name))
      .filter(of => of.every(({ part }) => part === null))
      .map(of => ({
        unique: Number(of[0]!.nonUnique) === 0,
        columns: of.map(({ columnName }) => String(columnName)),
      })),
    references: references.map(({ name, parent, target }) => ({
      column: String(name),
      table: String(parent),
      target: String(target),
    })),
    problems: [
      ...(key.length === 0 ? ['has no primary key: a changed row could not be told from another'] : []),
      ...(status?.engine === 'InnoDB'
        ? []
        : [`is ${status?.engine}: only InnoDB rows commit together with their checkpoint`]),
      ...odd.map(name => `has the name ${JSON.stringify(name)}: letters, digits and _ only`),
    ],
  }
}

/** A type that says more than the column's own, where every value of a sample agrees. */
async function looksLike(
  connection: Connection,
  schema: string,
  table: string,
  column: RowDataPacket,
): Promise<ColumnDraft['looksLike']> {
  if (column.kind !== 'char' || !identifier.test(String(column.name)) || !identifier.test(table))
    return undefined
  const length = Number(column.length)
  if (length !== 1 && length !== 8) return undefined
  const test =
    length === 1
      ? "v IN ('Y', 'N')"
      : "v REGEXP '^[0-9]{8}$' AND STR_TO_DATE(v, '%Y%m%d') IS NOT NULL AND v > '00010101'"
  const [[found]] = await connection.query<RowDataPacket[]>(
    `SELECT COUNT(v) AS total, SUM(v IS NULL OR (${test})) AS fitting, COUNT(*) AS rowsSeen
       FROM (SELECT \`${column.name}\` AS v FROM \`${schema.replaceAll('`', '``')}\`.\`${table}\` LIMIT ${sampleRows}) AS sample`,
  )
  if (Number(found!.total) === 0 || Number(found!.fitting) !== Number(found!.rowsSeen)) return undefined
  return length === 1 ? 'yes-no' : 'date-digits'
}

/** Accounts with the right to write the tables; the URL's own where the server does not tell. */
async function findWriters(
  connection: Connection,
  schema: string,
  tables: readonly string[],
  user: string,
): Promise<string[]> {
  const fallback = [decodeURIComponent(user)]
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT User AS account FROM mysql.db WHERE ? LIKE Db AND 'Y' IN (Insert_priv, Update_priv, Delete_priv)
        UNION
       SELECT User FROM mysql.tables_priv
        WHERE Db = ? AND Table_name IN (?) AND Table_priv REGEXP 'Insert|Update|Delete' ORDER BY account`,
      [schema, schema, tables],
    )
    const found = rows.map(({ account }) => String(account)).filter(name => !name.startsWith('strangler'))
    return found.length === 0 ? fallback : found
  } catch {
    return fallback
  }
}
