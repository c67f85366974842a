import type { RowDataPacket } from 'mysql2/promise'
import { connectionOptions, connectToolkit, type Database, schemaOf } from '../data/database.ts'

/**
 * Accounts that were given the right to write the tables, on their schema or on one of them, the toolkit's own left out.
 * Rights over the whole server are an administrator's, and not looked at.
 */
export async function possibleWriters(database: Database, tables: readonly string[]): Promise<string[]> {
  const own = [database.toolkitUrl, database.applierUrl].map(url => connectionOptions(url).user)
  const schema = schemaOf(database)
  const connection = await connectToolkit(database)
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT User AS account FROM mysql.db
        WHERE ? LIKE Db AND 'Y' IN (Insert_priv, Update_priv, Delete_priv) AND User NOT IN (?)
        UNION
       SELECT User FROM mysql.tables_priv
        WHERE Db = ? AND Table_name IN (?) AND Table_priv REGEXP 'Insert|Update|Delete' AND User NOT IN (?)
        ORDER BY account`,
      [schema, own, schema, tables, own],
    )
    return rows.map(row => String(row.account))
  } finally {
    await connection.end()
  }
}
