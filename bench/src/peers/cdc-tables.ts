import type { Database } from '@strangler/migrations/data/database.ts'
import type { TableMapping } from '@strangler/migrations/data/table-mapping.ts'
import type { Plan } from '@strangler/migrations/plan/plan.ts'

/** A table as a shop has it, with what a mapping usually does: new names, a decimal from cents, a date from digits. */
export const createTables = `
  CREATE TABLE old.ITEM (ITEM_NO INT NOT NULL AUTO_INCREMENT PRIMARY KEY, ITEM_NM VARCHAR(80) NOT NULL,
    EMAIL VARCHAR(120) NULL, CENTS BIGINT NOT NULL, STAT CHAR(1) NOT NULL, OPEN_DT CHAR(8) NOT NULL) DEFAULT CHARSET utf8mb4;
  CREATE TABLE new.items (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(80) NOT NULL, email VARCHAR(120) NULL,
    price DECIMAL(15,2) NOT NULL, status VARCHAR(10) NOT NULL, opened_on DATE NOT NULL) DEFAULT CHARSET utf8mb4`

/** @param rows from ITEM_NO `from` on */
export const insertRows = (from: number, rows: number) => `
  INSERT INTO old.ITEM SELECT seq, CONCAT('Kunde Nummer ', seq), CONCAT('kunde', seq, '@example.org'), seq * 17, 'A', '20240229'
    FROM old.seq_${from}_to_${from + rows - 1}`

export const mapping: TableMapping = {
  legacy: {
    table: 'ITEM',
    key: ['ITEM_NO'],
    columns: ['ITEM_NO', 'ITEM_NM', 'EMAIL', 'CENTS', 'STAT', 'OPEN_DT'],
  },
  extracted: {
    table: 'items',
    key: ['id'],
    columns: ['id', 'name', 'email', 'price', 'status', 'opened_on'],
  },
  toExtracted: row => {
    const cents = String(row.CENTS).padStart(3, '0')
    const date = row.OPEN_DT as string
    return {
      id: row.ITEM_NO!,
      name: row.ITEM_NM!,
      email: row.EMAIL!,
      price: `${cents.slice(0, -2)}.${cents.slice(-2)}`,
      status: row.STAT === 'A' ? 'active' : 'closed',
      opened_on: `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`,
    }
  },
  toLegacy: row => ({
    ITEM_NO: row.id!,
    ITEM_NM: row.name!,
    EMAIL: row.email!,
    CENTS: Number((row.price as string).replace('.', '')),
    STAT: row.status === 'active' ? 'A' : 'C',
    OPEN_DT: (row.opened_on as string).replaceAll('-', ''),
  }),
}

/** Both sides on one server, by its administrator. */
export function databasesOf(adminUrl: string): { legacy: Database; extracted: Database } {
  const database = (name: string, schema: string): Database => ({
    name,
    toolkitUrl: `${adminUrl}${schema}`,
    applierUrl: `${adminUrl}${schema}`,
    controlSchema: 'control',
  })
  return { legacy: database('old', 'old'), extracted: database('new', 'new') }
}

/** As much of a plan as a change source looks at. */
export const plan = {
  capability: 'bench',
  databases: { legacy: 'old', extracted: 'new' },
  tables: [mapping],
  gates: { soakSeconds: 3_600 },
} as unknown as Plan
