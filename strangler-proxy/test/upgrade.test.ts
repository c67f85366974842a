import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from '@jest/globals'
import { listen } from '@strangler/kit/listen.ts'
import { sendRaw, startTestProxy, until } from './proxy-kit.ts'

const handshake =
  'GET /live?x=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

async function startEcho() {
  const server = createServer((_request, response) => response.writeHead(426).end('no'))
  server.on('upgrade', (request, socket) => {
    const key = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`,
    )
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  return listen(server, 0, '127.0.0.1', 0)
}

test('switches to WebSocket on the very first request and passes bytes both ways', async () => {
  const echo = await startEcho()
  {
    await using proxy = await startTestProxy({}, { urls: { legacy: echo.url } })
    const client = connect(Number(new URL(proxy.url).port))
    let received = ''
    client.on('data', chunk => {
      received += chunk.toString('latin1')
    })
    client.write(`${handshake}early`)
    await until(() => received.endsWith('early'))
    expect(received).toMatch(/^HTTP\/1\.1 101/)
    expect(received.toLowerCase()).toContain('sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=')
    client.write('later')
    expect(await until(() => received.endsWith('earlylater'))).toBe(true)
    client.destroy()
  }
  await echo.close()
})

test('passes a declined handshake on, answers 502 when nobody is there, and ignores h2c', async () => {
  await using proxy = await startTestProxy()
  proxy.legacy.answer = ({ headers }, response) => response.writeHead(426).end(headers.upgrade ?? 'none')
  expect(await sendRaw(proxy.url, handshake, 200)).toMatch(/^HTTP\/1\.1 426[\s\S]*websocket/)
  const h2c = handshake.replace('websocket', 'h2c').replace('Upgrade\r\n', 'Upgrade, HTTP2-Settings\r\n')
  expect(await sendRaw(proxy.url, h2c, 200)).toMatch(/^HTTP\/1\.1 426[\s\S]*none/)
  await proxy.legacy.close()
  expect(await sendRaw(proxy.url, handshake, 200)).toMatch(/^HTTP\/1\.1 502/)
})
