import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { listen } from '@strangler/kit/listen.ts'
import { Pool } from 'undici'
import { ask, startTestProxy, token, until } from './proxy-kit.ts'

const wait = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

function client(url: string, text: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const seen = { received: '', closed: false, socket }
  socket.on('data', chunk => {
    seen.received += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    seen.closed = true
  })
  socket.write(text)
  return seen
}

test('on its way out it ends what runs, closes each connection with its reply, and is not ready', async () => {
  await using proxy = await startTestProxy()
  let finish = () => {}
  proxy.legacy.answer = ({ url }, response) => {
    if (url !== '/slow') return void response.end('quick')
    finish = () => response.end('slow')
  }
  const slow = client(proxy.url, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
  const kept = client(proxy.url, 'GET /quick HTTP/1.1\r\nHost: x\r\n\r\n')
  await until(() => kept.received.includes('quick') && proxy.legacy.received.length === 2)
  expect(kept.received.toLowerCase()).not.toContain('connection: close')
  const closed = proxy.close()
  expect(await ask(proxy.adminUrl, '/health/ready')).toMatchObject({ status: 503 })
  kept.received = ''
  kept.socket.write('GET /quick HTTP/1.1\r\nHost: x\r\n\r\n')
  await until(() => kept.closed)
  expect(kept.received.toLowerCase()).toMatch(/^http\/1\.1 200[\s\S]*connection: close[\s\S]*quick$/)
  finish()
  await until(() => slow.closed)
  expect(slow.received.toLowerCase()).toMatch(/^http\/1\.1 200[\s\S]*connection: close[\s\S]*slow/)
  await closed
})

test('an end under load fails no request that it had taken', async () => {
  await using proxy = await startTestProxy()
  proxy.legacy.answer = (_request, response) => setTimeout(() => response.end('ok'), 5)
  const pool = new Pool(proxy.url, { connections: 16 })
  const failures: string[] = []
  let served = 0
  const caller = async () => {
    for (;;) {
      try {
        const { statusCode, body } = await pool.request({ method: 'GET', path: '/x' })
        if (statusCode !== 200 || (await body.text()) !== 'ok') failures.push(String(statusCode))
        served++
      } catch (error) {
        // A new connection finds nobody any more; anything else would be a request that was lost.
        if (!/ECONNREFUSED/.test(String((error as NodeJS.ErrnoException).code))) failures.push(String(error))
        return
      }
    }
  }
  const callers = Array.from({ length: 16 }, caller)
  await until(() => served > 100)
  await proxy.close()
  await Promise.all(callers)
  await pool.close()
  expect(failures).toEqual([])
}, 20_000)

test('a WebSocket and an event stream go on while it drains, and are cut when the time is over', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
  })
  server.on('upgrade', (request, socket) => {
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}`).digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  const upstream = await listen(server, 0, '127.0.0.1', 0)
  {
    await using proxy = await startTestProxy({}, { urls: { legacy: upstream.url }, drainMs: 600 })
    const tunnel = client(
      proxy.url,
      'GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n',
    )
    const events = client(proxy.url, 'GET /events HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => tunnel.received.includes('101') && events.received.includes('data: 1'))
    const since = performance.now()
    const closed = proxy.close()
    await wait(100)
    tunnel.socket.write('still here')
    expect(await until(() => tunnel.received.endsWith('still here'))).toBe(true)
    expect(events.closed).toBe(false)
    await closed
    expect(performance.now() - since).toBeGreaterThanOrEqual(550)
    expect(await until(() => tunnel.closed && events.closed)).toBe(true)
    // No last chunk: whoever reads the stream can tell that it was cut.
    expect(events.received).not.toContain('0\r\n\r\n')
  }
  await upstream.close()
}, 20_000)

test('ends by itself on SIGTERM once what runs has ended', async () => {
  await using helper = await startTestProxy()
  let finish = () => {}
  helper.legacy.answer = (_request, response) => {
    finish = () => response.end('done')
  }
  const main = join(import.meta.dirname, '../src/main.ts')
  const child = spawn(
    process.execPath,
    [main, 'proxy', '--config', helper.file, '--listen', '0', '--admin', '0'],
    { env: { PATH: process.env.PATH, STRANGLER_TOKEN: token }, stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const ready = JSON.parse(String(await new Promise(resolve => child.stdout.once('data', resolve))))
  const reply = ask(ready.url, '/slow')
  await until(() => helper.legacy.received.length === 1)
  const exited = new Promise(resolve => child.once('exit', (code, signal) => resolve({ code, signal })))
  child.kill('SIGTERM')
  await wait(200)
  finish()
  expect(await reply).toMatchObject({ status: 200, text: 'done', headers: { connection: 'close' } })
  expect(await exited).toEqual({ code: 0, signal: null })
}, 30_000)
