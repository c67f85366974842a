import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { type StateFolder, stateFolder, strangler } from './fake-system.ts'

const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const other = 'aaaaaaaa77b34da6a3ce929d0e0e4736'
const begin = Date.UTC(2026, 0, 1, 12)
const levelNumbers = { info: 30, warn: 40, error: 50 }

type Line = Record<string, unknown> & { endMs: number; level?: keyof typeof levelNumbers; msg?: string }

/** As pino writes it: the line of a span when it has ended. */
function line({ endMs, level = 'info', ...rest }: Line): string {
  return JSON.stringify({ level: levelNumbers[level], time: new Date(begin + endMs).toISOString(), ...rest })
}

const span = (
  id: string,
  parent: string | undefined,
  what: string,
  endMs: number,
  ms: number,
  more: object = {},
) =>
  line({
    endMs,
    trace_id: trace,
    span_id: id,
    ...(parent === undefined ? {} : { parent_span_id: parent }),
    what,
    ms,
    msg: 'request',
    ...more,
  })

async function withLogs(files: Record<string, readonly string[]>): Promise<StateFolder> {
  const folder = await stateFolder(undefined)
  await mkdir(join(folder.stateDir, 'logs'))
  for (const [name, lines] of Object.entries(files))
    await writeFile(join(folder.stateDir, 'logs', name), `${lines.join('\n')}\n`)
  return folder
}

const placed = {
  'orders.log': [
    span('b1', 'a1', 'POST /orders', 100, 90),
    span('c1', 'b1', 'publish OrderPlaced', 130, 20, { msg: 'published' }),
    line({ endMs: 60, level: 'warn', msg: 'slow', trace_id: trace, span_id: 'b1' }),
    line({ endMs: 500, msg: 'request', trace_id: other, ms: 3, method: 'GET', path: '/orders/1' }),
  ],
  // The façade writes no parents: what it did is placed by its time.
  'acl.log': [
    line({
      endMs: 90,
      msg: 'request',
      trace_id: trace,
      span_id: 'd1',
      method: 'GET',
      path: '/customers/7',
      route: 'ANY /customers/**',
      ms: 30,
    }),
  ],
  'proxy.log': [span('a1', undefined, 'POST /orders', 105, 100, { status: 502 })],
}

test('draws a trace as a waterfall, each span below what it belongs to', async () => {
  await using system = await withLogs(placed)
  const { exit, stdout } = await strangler(system.folder, ['trace', trace])
  expect(exit).toBe(0)
  const [head, times, , ...rows] = stdout.trimEnd().split('\n')
  expect([head, times]).toEqual([
    `trace ${trace}`,
    '2026-01-01T12:00:00.005Z, 125 ms, 5 spans in 3 processes',
  ])
  const shown = rows.map(row => /^(\S+) {2,}( *)(\S.*?) {2,}/.exec(row)?.slice(1, 4))
  expect(shown.map(parts => [parts?.[0], parts?.[2]])).toEqual([
    ['proxy', 'POST /orders'],
    ['orders', 'POST /orders'],
    ['acl', 'GET /customers/7'],
    ['orders', 'slow'],
    ['orders', 'publish OrderPlaced'],
  ])
  expect(rows[0]).toMatch(/█.* 100 ms failed$/)
  const from = (row: string | undefined) => row?.indexOf('█') ?? -1
  expect(from(rows[0])).toBeLessThan(from(rows[1]))
  expect(from(rows[1])).toBeLessThan(from(rows[4]))
})

test('takes the first part of a trace id, unless several traces begin so', async () => {
  await using system = await withLogs({
    ...placed,
    'x.log': [line({ endMs: 1, trace_id: trace.slice(0, 8).padEnd(32, '0'), ms: 1, msg: 'm' })],
  })
  const document = JSON.parse(
    (await strangler(system.folder, ['trace', trace.slice(0, 12), '--json'])).stdout,
  )
  expect([document.traceId, document.spans.length]).toEqual([trace, 5])
  const ambiguous = await strangler(system.folder, ['trace', trace.slice(0, 8)])
  expect([ambiguous.exit, ambiguous.stderr]).toEqual([2, expect.stringContaining('2 traces begin with')])
  const unknown = await strangler(system.folder, ['trace', 'ffff'])
  expect([unknown.exit, unknown.stderr]).toEqual([1, expect.stringContaining('TRACE_UNKNOWN')])
})

test('shows the lines of all processes as one stream in the order of time, the latest ones', async () => {
  await using system = await withLogs({
    'orders.log.1': [line({ endMs: 1, msg: 'oldest' })],
    'orders.log': [line({ endMs: 30, msg: 'third' }), 'not JSON, at the time of the line before it'],
    'mariadb.log': [line({ endMs: 10, msg: 'second', password: 'x' })],
    'unrelated.txt': ['never shown'],
  })
  const messages = async (...args: string[]) =>
    (
      JSON.parse((await strangler(system.folder, ['logs', '--json', ...args])).stdout) as {
        lines: { message: string }[]
      }
    ).lines.map(({ message }) => message)
  const last = 'not JSON, at the time of the line before it'
  expect(await messages()).toEqual(['oldest', 'second', 'third', last])
  expect(await messages('--limit', '2')).toEqual(['third', last])
  expect(await messages('--process', 'mariadb')).toEqual(['second'])
  const { stdout } = await strangler(system.folder, ['logs', '--process', 'mariadb'])
  expect(stdout).toBe('12:00:00.010 INFO  mariadb second password=x\n')
})

test('finds lines by level, trace, text and age', async () => {
  await using system = await withLogs(placed)
  const found = async (...args: string[]) => {
    const { stdout } = await strangler(system.folder, ['logs', '--json', ...args], {
      now: () => begin + 60_100,
    })
    return (JSON.parse(stdout) as { lines: unknown[] }).lines.length
  }
  expect(await found()).toBe(6)
  expect(await found('--level', 'warn')).toBe(1)
  expect(await found('--trace', other.slice(0, 8))).toBe(1)
  expect(await found('--grep', 'orderplaced')).toBe(1)
  expect(await found('--since', '1m')).toBe(4)
  for (const args of [
    ['--level', 'loud'],
    ['--since', 'yesterday'],
    ['--trace', 'xyz!'],
  ])
    expect((await strangler(system.folder, ['logs', ...args])).exit).toBe(2)
})

test('groups errors by what they are, wherever and however often they came', async () => {
  const failure = (endMs: number, id: number, traceId: string, file: string) =>
    line({
      endMs,
      level: 'error',
      msg: `order ${id} lost`,
      trace_id: traceId,
      error: {
        name: 'TypeError',
        message: `order ${id} lost`,
        stack: `TypeError: x\n    at place (file:///a/b/${file})`,
      },
    })
  await using system = await withLogs({
    'catalog.log': [
      failure(10, 1, other, 'place.ts:3:7'),
      line({ endMs: 11, level: 'error', msg: 'request', ms: 3, status: 500 }),
    ],
    'catalog-2.log': [failure(500, 22, trace, 'place.ts:4:9'), failure(20, 3, other, 'other.ts:1:1')],
    'orders.log': [
      line({ endMs: 30, level: 'warn', msg: 'saga step failed', error: 'no answer within 1000 ms' }),
      line({ endMs: 40, level: 'warn', msg: 'saga step failed', error: 'no answer within 994 ms' }),
      line({ endMs: 50, level: 'warn', msg: 'circuit open' }),
    ],
  })
  const { stdout } = await strangler(system.folder, ['exceptions', '--json'])
  const { exceptions } = JSON.parse(stdout) as { exceptions: Record<string, unknown>[] }
  expect(exceptions).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f]{8}$/),
      kind: 'TypeError',
      message: 'order N lost',
      where: 'place place.ts',
      processes: ['catalog', 'catalog-2'],
      count: 2,
      firstSeen: new Date(begin + 10).toISOString(),
      lastSeen: new Date(begin + 500).toISOString(),
      lastTraceId: trace,
    },
    expect.objectContaining({
      kind: 'Error',
      message: 'no answer within N ms',
      count: 2,
      processes: ['orders'],
    }),
    expect.objectContaining({ where: 'place other.ts', count: 1 }),
  ])
  const text = (await strangler(system.folder, ['exceptions'])).stdout
  expect(text).toContain(trace)
})

test('says how to begin where nothing was logged', async () => {
  await using system = await stateFolder(undefined)
  for (const args of [['logs'], ['exceptions'], ['trace', 'abcd']]) {
    const { exit, stderr } = await strangler(system.folder, args)
    expect([exit, stderr]).toEqual([1, expect.stringContaining('npm start')])
  }
})

test('lets no log line steer the terminal', async () => {
  await using system = await withLogs({
    'orders.log': [line({ endMs: 1, msg: '\u001b[2Jgone', trace_id: trace, ms: 1, what: '\u001b[2J' })],
  })
  for (const args of [['logs'], ['trace', trace]])
    expect((await strangler(system.folder, args)).stdout).not.toContain('\u001b')
})
