import { mkdtempSync, rmSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import type { CallLimits } from '../src/transport/call-limits.ts'
import { replyCustomer } from './rest-harness.ts'
import { startShopAdapters, startUpstream } from './shop-fixtures.ts'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

/** A monolith that counts what it did, and answers a write only when the test lets it. */
async function startMonolith() {
  const writes: ServerResponse[] = []
  let held = true
  const upstream = await startUpstream(({ headers }, response) => {
    const operation = String(headers.soapaction).replace(/.*#|"/g, '')
    if (operation === 'CreateCustomer') {
      writes.push(response)
      if (!held) replyCustomer(response, 'CreateCustomerResponse')
    } else if (operation === 'GetCustomer') replyCustomer(response, 'GetCustomerResponse')
    // FindCustomers never ends.
  })
  opened.push(upstream)
  return {
    ...upstream,
    writes,
    answer(): void {
      held = false
      for (const response of writes) replyCustomer(response, 'CreateCustomerResponse')
    },
  }
}

async function startFacade(monolith: string, limits: Partial<CallLimits>, outcomes?: string) {
  const adapters = await startShopAdapters({
    monolith,
    limits,
    ...(outcomes === undefined ? {} : { outcomes }),
  })
  opened.push(adapters)
  return adapters
}

async function create(url: string, key: string, name = 'Ann') {
  const response = await fetch(`${url}/customers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ name, creditLimit: '1' }),
  })
  const body = (await response.json()) as Record<string, unknown>
  return { status: response.status, replayed: response.headers.get('idempotency-replayed'), body }
}

/** The first answer that is neither 503 nor 504: a loaded machine may take its time. */
async function answered(ask: () => ReturnType<typeof create>): ReturnType<typeof create> {
  const end = performance.now() + 10_000
  for (;;) {
    const answer = await ask()
    if ((answer.status !== 503 && answer.status !== 504) || performance.now() > end) return answer
  }
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000
  while (!condition() && performance.now() < end) await new Promise(resolve => setTimeout(resolve, 5))
}

test('a write that timed out after it was sent is unknown, and its retry does not send it again', async () => {
  const monolith = await startMonolith()
  const { restUrl } = await startFacade(monolith.url, { timeoutMs: 800 })
  const first = await create(restUrl, 'k1')
  expect(first).toMatchObject({
    status: 504,
    body: { type: 'urn:problem:upstream-timeout', outcome: 'unknown', operationId: expect.any(String) },
  })
  const second = await create(restUrl, 'k1')
  expect(second).toMatchObject({ status: 504, body: { operationId: first.body.operationId } })
  monolith.answer()
  const third = await answered(() => create(restUrl, 'k1'))
  expect(third).toMatchObject({ status: 201, replayed: 'true', body: { id: 42 } })
  expect(monolith.writes).toHaveLength(1)
  expect(await create(restUrl, 'k1', 'Bob')).toMatchObject({
    status: 422,
    body: { type: 'urn:problem:idempotency-key-reuse' },
  })
  expect(await answered(() => create(restUrl, 'k2'))).toMatchObject({ status: 201 })
  expect(monolith.writes).toHaveLength(2)
})

test('a write whose connection broke stays unknown until its key ends', async () => {
  const monolith = await startMonolith()
  const { restUrl } = await startFacade(monolith.url, {})
  const first = create(restUrl, 'k1')
  await until(() => monolith.writes.length > 0)
  monolith.writes[0]!.destroy()
  expect(await first).toMatchObject({ status: 502, body: { outcome: 'unknown' } })
  expect(await create(restUrl, 'k1')).toMatchObject({
    status: 504,
    body: { type: 'urn:problem:outcome-unknown', operationId: (await first).body.operationId },
  })
  expect(monolith.writes).toHaveLength(1)
})

test('a write that did not reach the monolith may be sent again', async () => {
  const monolith = await startMonolith()
  const { restUrl } = await startFacade('http://127.0.0.1:1', {})
  expect(await create(restUrl, 'k1')).toMatchObject({ status: 503, replayed: null })
  expect(await create(restUrl, 'k1')).toMatchObject({ status: 503, replayed: null })
  expect(monolith.writes).toHaveLength(0)
})

test('what became of a write outlives the façade', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'outcomes-'))
  try {
    const monolith = await startMonolith()
    monolith.answer()
    const before = await startFacade(monolith.url, {}, folder)
    expect(await create(before.restUrl, 'k1')).toMatchObject({ status: 201, replayed: null })
    await before.close()
    const after = await startFacade(monolith.url, {}, folder)
    expect(await create(after.restUrl, 'k1')).toMatchObject({ status: 201, replayed: 'true' })
    expect(monolith.writes).toHaveLength(1)
    await opened.pop()!.close()
    opened.pop()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('an operation that hangs keeps to its share; others are answered', async () => {
  const monolith = await startMonolith()
  const { restUrl } = await startFacade(monolith.url, { concurrent: 2, queued: 1, timeoutMs: 2_000 })
  const controller = new AbortController()
  const hanging = [1, 2, 3].map(() =>
    fetch(`${restUrl}/customers`, { signal: controller.signal }).catch(() => {}),
  )
  await until(() => monolith.received.length === 2)
  const refused = await fetch(`${restUrl}/customers`)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  expect((await fetch(`${restUrl}/customers/42`)).status).toBe(200)
  expect(monolith.received.filter(({ headers }) => /Find/.test(String(headers.soapaction)))).toHaveLength(2)
  controller.abort()
  await Promise.all(hanging)
})

test('sends a declared read again and nothing else', async () => {
  let failures = 2
  const upstream = await startUpstream((_, response) => {
    failures -= 1
    if (failures >= 0) response.destroy()
    else replyCustomer(response, 'GetCustomerResponse')
  })
  opened.push(upstream)
  const { restUrl } = await startFacade(upstream.url, {})
  expect((await fetch(`${restUrl}/customers/42`)).status).toBe(200)
  expect(upstream.received).toHaveLength(3)
  failures = 1
  const post = await fetch(`${restUrl}/rpc/SetCustomerStatus`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ custNo: 42, statusCode: 'A' }),
  })
  expect(post.status).toBe(502)
  expect(upstream.received).toHaveLength(4)
})

test('a write that waited until its caller was told of the timeout is not sent any more', async () => {
  const monolith = await startMonolith()
  const { restUrl } = await startFacade(monolith.url, { timeoutMs: 800, concurrent: 1, queued: 1 })
  const first = create(restUrl, 'k1')
  await until(() => monolith.writes.length === 1)
  expect(await create(restUrl, 'k2')).toMatchObject({ status: 504 })
  await first
  monolith.answer()
  // The second key was never used upstream, so it is free again once its turn has come.
  const third = await answered(() => create(restUrl, 'k2'))
  expect(third).toMatchObject({ status: 201 })
  expect(monolith.writes).toHaveLength(2)
})
