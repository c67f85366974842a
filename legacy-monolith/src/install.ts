import { readFile } from 'node:fs/promises'
import { createConnection } from 'mysql2/promise'

const schemaFile = new URL('../sql/001-shop.sql', import.meta.url)

/**
 * Creates the shop's tables where they are missing; rows are left alone.
 * @param url `mysql://user:password@host:port/schema`
 */
export async function installShop(url: string): Promise<void> {
  const connection = await createConnection({ uri: url, multipleStatements: true, charset: 'utf8mb4' })
  try {
    await connection.query(await readFile(schemaFile, 'utf8'))
  } finally {
    await connection.end()
  }
}
