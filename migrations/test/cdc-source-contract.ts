import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import type { Transaction } from '../src/cdc/change.ts'
import type { ChangeSource, OpenSource } from '../src/cdc/change-source.ts'
import { covers, parsePosition } from '../src/cdc/gtid-position.ts'
import { connectToolkit, type Database, schemaOf } from '../src/data/database.ts'
import type { Row } from '../src/data/table-mapping.ts'
import { readTableShape, selectColumns } from '../src/data/table-shape.ts'
import { values } from './cdc-type-values.ts'

/** What the suite needs of a kind of source. */
export type SourceKit = {
  database: Database
  /** Writes as an administrator; several statements at once. */
  admin: Connection
  open: OpenSource
  close(): Promise<void>
}

/** Types that a source refuses to carry, because it cannot carry them exactly. */
export type SourceFeatures = { refused: readonly string[] }

/** Every source must pass it: the same values, whole transactions in commit order, resumable anywhere. */
export function describeChangeSource(
  name: string,
  make: (prepare: (admin: Connection, schema: string) => Promise<void>) => Promise<SourceKit>,
  features: SourceFeatures,
): void {
  const types = Object.entries(values).filter(([type]) => !features.refused.includes(type))
  const refused = Object.keys(values).filter(type => features.refused.includes(type))
  const columns = types.map((_, index) => `c${index}`)
  const ddl = types.map(([type], index) => `c${index} ${type} NULL`).join(', ')

  describe(name, () => {
    let kit: SourceKit
    let schema: string

    beforeAll(async () => {
      kit = await make(async (admin, created) => {
        await admin.query(`CREATE TABLE ${created}.odd (id INT PRIMARY KEY, ${ddl});
          CREATE TABLE ${created}.parent (id BIGINT PRIMARY KEY, v VARCHAR(300));
          CREATE TABLE ${created}.child (id BIGINT PRIMARY KEY, parent BIGINT NOT NULL)`)
      })
      schema = schemaOf(kit.database)
      await kit.admin.query(`USE ${schema}; SET sql_mode = 'NO_ENGINE_SUBSTITUTION', time_zone = '+00:00'`)
    }, 900_000)
    afterAll(async () => {
      await kit?.close()
    }, 120_000)

    const opened = (tables: Record<string, readonly string[]>): ChangeSource =>
      kit.open(kit.database, new Map([[schema, new Map(Object.entries(tables))]]), `contract ${name}`)
    const family = { parent: ['id', 'v'], child: ['id', 'parent'] }
    const position = async () => {
      const [rows] = await kit.admin.query<RowDataPacket[]>('SELECT @@GLOBAL.gtid_binlog_pos AS position')
      return rows[0]!.position as string
    }
    /** Up to now, by the same connection that writes: a row after it lets a statement without rows pass. */
    const read = async (source: ChangeSource, from: string, cursor?: string): Promise<Transaction[]> => {
      const until = parsePosition(await position())
      await kit.admin.query('INSERT INTO parent VALUES (-1, NULL); DELETE FROM parent WHERE id = -1')
      const found: Transaction[] = []
      const leaving = new AbortController()
      for await (const transaction of source.read(from, leaving.signal, cursor)) {
        found.push(transaction)
        if (transaction.complete && covers(parsePosition(transaction.position), until)) break
      }
      leaving.abort()
      return found
    }
    const brief = (transactions: readonly Transaction[]) =>
      transactions
        .filter(({ changes }) => changes.length > 0)
        .map(({ changes }) =>
          changes.map(({ op, before, after, source }) => [
            op,
            source.table,
            before?.id ?? null,
            after?.id ?? null,
          ]),
        )

    test('gives every value as a SELECT does', async () => {
      const from = await position()
      const height = Math.max(...types.map(([, list]) => list.length))
      for (let row = 0; row <= height; row++)
        await kit.admin.query(
          `INSERT INTO odd VALUES (${row}, ${types.map(([, list]) => list[row] ?? 'NULL').join(', ')})`,
        )
      const streamed = (await read(opened({ odd: ['id', ...columns] }), from)).flatMap(({ changes }) =>
        changes.map(({ after }) => after!),
      )
      const toolkit = await connectToolkit(kit.database)
      const shape = await readTableShape(toolkit, schema, 'odd')
      const [rows] = await toolkit.query<RowDataPacket[]>(
        `${selectColumns(shape!, ['id', ...columns])} ORDER BY id`,
      )
      await toolkit.end()
      const named = (row: Row) => types.map(([type], index) => [type, row[`c${index}`]])
      expect(streamed.map(named)).toEqual((rows as Row[]).map(named))
    }, 120_000)

    test('gives transactions whole, in commit order, with the order of their rows', async () => {
      const from = await position()
      await kit.admin.query(`
        BEGIN; INSERT INTO parent VALUES (1, 'a'); INSERT INTO child VALUES (1, 1), (2, 1); UPDATE parent SET v = 'b' WHERE id = 1; COMMIT;
        BEGIN; INSERT INTO parent VALUES (9, 'gone'); ROLLBACK;
        UPDATE parent SET id = 9007199254740993 WHERE id = 1;
        DELETE FROM child WHERE id = 2`)
      const found = await read(opened(family), from)
      expect(brief(found)).toEqual([
        [
          ['c', 'parent', null, 1],
          ['c', 'child', null, 1],
          ['c', 'child', null, 2],
          ['u', 'parent', 1, 1],
        ],
        [['u', 'parent', 1, '9007199254740993']],
        [['d', 'child', 2, null]],
      ])
      expect(found.flatMap(({ changes }) => changes.map(({ order }) => order))).toEqual([1, 2, 3, 4, 1, 1])
    }, 60_000)

    test('goes on behind any transaction, by its position alone and with its cursor', async () => {
      const from = await position()
      for (let id = 20; id < 26; id++) await kit.admin.query(`INSERT INTO parent VALUES (${id}, NULL)`)
      const source = opened(family)
      const all = (await read(source, from)).filter(({ changes }) => changes.length > 0).slice(0, 6)
      const at = all[2]!
      const rest = brief(all.slice(3))
      for (const cursor of [undefined, at.cursor]) {
        const again = brief(await read(source, at.position, cursor))
        expect(again.slice(0, 3)).toEqual(rest)
      }
    }, 60_000)

    test("drops an applier's own rows, and counts their position", async () => {
      const from = await position()
      await kit.admin.query(`SET gtid_domain_id = 4242; INSERT INTO parent VALUES (50, 'ours');
        SET gtid_domain_id = 0; INSERT INTO parent VALUES (51, 'theirs')`)
      const found = await read(opened(family), from)
      expect(brief(found)).toEqual([[['c', 'parent', null, 51]]])
      expect(
        covers(
          parsePosition(found.at(-1)!.position),
          parsePosition(
            await position().then(p =>
              p
                .split(',')
                .filter(part => part.startsWith('4242'))
                .join(','),
            ),
          ),
        ),
      ).toBe(true)
    }, 60_000)

    test('hands a big transaction on in parts, whose last is complete', async () => {
      const from = await position()
      await kit.admin.query(
        `INSERT INTO child SELECT 1000 + seq, 51 FROM seq_1_to_12000; DELETE FROM child WHERE id > 1000`,
      )
      const found = (await read(opened(family), from)).filter(({ changes }) => changes.length > 0)
      expect(found.flatMap(({ changes }) => changes)).toHaveLength(24_000)
      expect(Math.max(...found.map(({ changes }) => changes.length))).toBeLessThan(12_000)
      expect(found.filter(({ complete }) => !complete).length).toBeGreaterThan(2)
    }, 120_000)

    test('schema statements elsewhere pass; a truncated table is told', async () => {
      const from = await position()
      await kit.admin.query(`CREATE TABLE elsewhere (id INT PRIMARY KEY); INSERT INTO elsewhere VALUES (1)`)
      expect(brief(await read(opened(family), from))).toEqual([])
      const before = await position()
      await kit.admin.query('TRUNCATE TABLE child')
      await expect(read(opened(family), before)).rejects.toMatchObject({ code: 'SOURCE_TRUNCATED' })
    }, 60_000)

    test('ends without an error when it is told to, also while nothing comes', async () => {
      const leaving = new AbortController()
      setTimeout(() => leaving.abort(), 1_500)
      for await (const _ of opened(family).read(await position(), leaving.signal));
      expect(leaving.signal.aborted).toBe(true)
    }, 30_000)

    if (refused.length > 0)
      test(`refuses what it cannot carry exactly: ${refused.join(', ')}`, async () => {
        for (const [index, type] of refused.entries()) {
          await kit.admin.query(`CREATE TABLE refused_${index} (id INT PRIMARY KEY, c ${type})`)
          const reading = read(opened({ [`refused_${index}`]: ['id', 'c'] }), await position())
          await expect(reading).rejects.toMatchObject({ code: 'SOURCE_COLUMN_TYPE' })
          await kit.admin.query(`DROP TABLE refused_${index}`)
        }
      }, 60_000)
  })
}
