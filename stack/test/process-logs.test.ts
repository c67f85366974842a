import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { openProcessLogs } from '../src/process-logs.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strangler-logs-'))
})

afterEach(() => rm(folder, { recursive: true }))

test('appends the lines of each process to a file of its own, for its owner’s eyes', async () => {
  const before = await openProcessLogs(folder)
  before.write('orders', '{"msg":"first"}')
  const logs = await openProcessLogs(folder)
  logs.write('orders', '{"msg":"second"}')
  logs.write('catalog', '{"msg":"other"}')
  expect(await readFile(join(folder, 'orders.log'), 'utf8')).toBe('{"msg":"first"}\n{"msg":"second"}\n')
  expect((await stat(join(folder, 'catalog.log'))).mode & 0o777).toBe(0o600)
})

test('begins a new file when one has grown too big, and keeps the one before', async () => {
  const logs = await openProcessLogs(folder, 10)
  for (const line of ['aaaaaaaaaa', 'bbbbbbbbbb', 'cccccccccc']) logs.write('orders', line)
  expect((await readdir(folder)).sort()).toEqual(['orders.log', 'orders.log.1'])
  expect(await readFile(join(folder, 'orders.log.1'), 'utf8')).toBe('bbbbbbbbbb\n')
  expect(await readFile(join(folder, 'orders.log'), 'utf8')).toBe('cccccccccc\n')
})

test('goes on when its folder is removed', async () => {
  const logs = await openProcessLogs(join(folder, 'logs'))
  await rm(join(folder, 'logs'), { recursive: true })
  logs.write('orders', 'lost')
  logs.write('orders', 'kept')
  expect(await readFile(join(folder, 'logs/orders.log'), 'utf8')).toBe('kept\n')
})
