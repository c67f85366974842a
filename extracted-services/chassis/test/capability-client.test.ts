import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { createLog } from '@strangler/kit/log.ts'
import { createCapabilityClient } from '../src/calls/capability-client.ts'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A capability that answers as `status` says; 0 never answers. */
async function capability(status: () => number) {
  let asked = 0
  const server = createServer((_request, response) => {
    asked++
    const code = status()
    if (code !== 0) response.writeHead(code, { 'content-type': 'application/json' }).end('{"a":1}')
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { baseUrl, asked: () => asked }
}

const log = createLog('test', 'silent')
const caller = (signal = new AbortController().signal) => ({ trace: undefined, signal })

test('tries a GET again as often as it was told to, and never a request that changes something', async () => {
  const { baseUrl, asked } = await capability(() => 503)
  const send = createCapabilityClient({ baseUrl, capability: 'catalog', log, retries: 2 })
  await expect(send('GET', '/', caller())).rejects.toMatchObject({ code: 'CAPABILITY_UNAVAILABLE' })
  expect(asked()).toBe(3)
  await expect(send('POST', '/', caller())).rejects.toMatchObject({ code: 'CAPABILITY_UNAVAILABLE' })
  expect(asked()).toBe(4)
})

test('takes a refusal for an answer', async () => {
  const { baseUrl, asked } = await capability(() => 409)
  const send = createCapabilityClient({ baseUrl, capability: 'catalog', log, retries: 2 })
  expect(await send('GET', '/', caller())).toEqual({ status: 409, type: '', body: { a: 1 } })
  expect(asked()).toBe(1)
})

test('opens its breaker when calls take too long, but not when callers hang up', async () => {
  const { baseUrl, asked } = await capability(() => 0)
  const send = createCapabilityClient({ baseUrl, capability: 'catalog', log })
  const codeOf = (error: { code?: unknown; message: string }) => error.code ?? error.message
  for (let n = 0; n < 40; n++) {
    const leaving = new AbortController()
    const answer = send('GET', '/', caller(leaving.signal)).catch(codeOf)
    leaving.abort()
    expect(await answer).toBe('CALLER_GONE')
  }
  const late = await Promise.all(
    Array.from({ length: 40 }, () => send('GET', '/', caller(AbortSignal.timeout(60))).catch(codeOf)),
  )
  expect(late.filter(code => code === 'CALLER_GONE')).toEqual([])
  const before = asked()
  await expect(send('GET', '/', caller())).rejects.toMatchObject({
    code: 'CAPABILITY_UNAVAILABLE',
    message: 'the circuit to catalog is open',
  })
  expect(asked()).toBe(before)
})
