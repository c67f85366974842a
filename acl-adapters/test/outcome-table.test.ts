import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { openOutcomeFile } from '../src/transport/outcome-file.ts'
import {
  createOutcomeTable,
  defaultOutcomeBounds,
  memoryStore,
  type OutcomeBounds,
} from '../src/transport/outcome-table.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'outcomes-'))
  folders.push(folder)
  return folder
}

function tableWith(bounds: Partial<OutcomeBounds>, now = () => 0) {
  return createOutcomeTable(memoryStore(), { ...defaultOutcomeBounds, ...bounds }, now)
}

test('begins a key once, and refuses it for another request', async () => {
  const table = tableWith({})
  const first = await table.begin('k', 'PlaceOrder {}')
  expect(first).toMatchObject({ begun: true, entry: { state: { kind: 'sent' } } })
  table.settle(first.entry, { kind: 'answered', answer: { orderNo: 7 } })
  expect(await table.begin('k', 'PlaceOrder {}')).toMatchObject({
    begun: false,
    entry: { operationId: first.entry.operationId, state: { kind: 'answered', answer: { orderNo: 7 } } },
  })
  await expect(table.begin('k', 'CancelOrder {}')).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
})

test('lets a key be used again when the write was not sent', async () => {
  const table = tableWith({})
  const { entry } = await table.begin('k', 'a')
  table.forget(entry)
  expect(await table.begin('k', 'a')).toMatchObject({ begun: true })
})

test('makes room by the oldest answered write, and never by one whose outcome is open', async () => {
  const table = tableWith({ entries: 3 })
  const unknown = await table.begin('unknown', 'a')
  table.settle(unknown.entry, { kind: 'unknown', reason: 'timeout' })
  for (const key of ['one', 'two']) table.settle((await table.begin(key, key)).entry, answered)
  await table.begin('three', 'three')
  expect(await table.begin('unknown', 'a')).toMatchObject({ begun: false })
  expect(await table.begin('two', 'two')).toMatchObject({ begun: false })
  expect(await table.begin('one', 'one')).toMatchObject({ begun: true })
  await expect(table.begin('four', 'four')).rejects.toMatchObject({ code: 'OUTCOMES_FULL' })
})

test('is bounded in bytes too', async () => {
  const table = tableWith({ bytes: 2_000 })
  for (const key of ['one', 'two'])
    table.settle((await table.begin(key, key)).entry, { kind: 'answered', answer: 'x'.repeat(1_000) })
  await table.begin('three', 'three')
  expect(await table.begin('one', 'one')).toMatchObject({ begun: true })
})

test('ends an entry after its time', async () => {
  let now = 0
  const table = tableWith({ keepMs: 1_000 }, () => now)
  const { entry } = await table.begin('k', 'a')
  table.settle(entry, { kind: 'unknown', reason: 'timeout' })
  now = 1_000
  expect(await table.begin('k', 'a')).toMatchObject({ begun: false })
  now = 1_001
  expect(await table.begin('k', 'other')).toMatchObject({ begun: true })
})

const answered = { kind: 'answered', answer: { kind: 'reply', json: { ok: true } } } as const

async function openTable(folder: string) {
  const store = await openOutcomeFile(folder)
  return { store, table: createOutcomeTable(store, defaultOutcomeBounds, () => 0) }
}

test('finds its outcomes in the file again; what had no answer is unknown', async () => {
  const folder = newFolder()
  const first = await openTable(folder)
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(key => first.table.begin(key, key)))
  first.table.settle(a!.entry, answered)
  first.table.forget(c!.entry)
  // A crash in the middle of a line.
  await first.store.close()
  appendFileSync(join(folder, 'outcomes.jsonl'), '{"put":{"key":"x","sta')
  const { store, table } = await openTable(folder)
  expect(await table.begin('a', 'a')).toMatchObject({ begun: false, entry: { state: answered } })
  expect(await table.begin('b', 'b')).toMatchObject({
    begun: false,
    entry: { operationId: b!.entry.operationId, state: { kind: 'unknown' } },
  })
  expect(await table.begin('c', 'c')).toMatchObject({ begun: true })
  await store.close()
  const text = readFileSync(join(folder, 'outcomes.jsonl'), 'utf8')
  expect(text).not.toContain('"sta\n')
  for (const line of text.trimEnd().split('\n')) JSON.parse(line)
})

test('is not opened twice, nor after something else wrote to it', async () => {
  const folder = newFolder()
  const { store } = await openTable(folder)
  await expect(openOutcomeFile(folder)).rejects.toMatchObject({ code: 'OUTCOMES_IN_USE' })
  await store.close()
  writeFileSync(join(folder, 'outcomes.jsonl'), 'notes\n')
  await expect(openOutcomeFile(folder)).rejects.toMatchObject({ code: 'OUTCOMES_UNREADABLE' })
})

test('takes over the folder of a process that is gone', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'outcomes.lock'), '999999999')
  const { store } = await openTable(folder)
  await store.close()
})
