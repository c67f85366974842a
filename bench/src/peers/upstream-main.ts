import { createServer, type Socket } from 'node:net'

/**
 * A server that costs next to nothing: the same 1.2 KB of JSON to every request, `/bytes/N` as N bytes, and no
 * answer at all to anything when started with `stalled`.
 */
const stalled = process.argv[2] === 'stalled'
const json = JSON.stringify({
  id: 42,
  items: Array.from({ length: 12 }, (_, index) => ({
    id: index,
    name: `customer number ${index}`,
    creditLimit: '1234.50',
    status: 'active',
    at: '2024-02-29',
  })),
})
const body = json.slice(0, -1).padEnd(1_198, ' ') + json.slice(-1)
const reply = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
)
const block = Buffer.alloc(65_536, 'x')

const server = createServer(socket => {
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  if (stalled) {
    socket.resume()
    return
  }
  let pending = ''
  socket.on('data', chunk => {
    pending += chunk.toString('latin1')
    for (;;) {
      const end = pending.indexOf('\r\n\r\n')
      if (end === -1) return
      const head = pending.slice(0, end)
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      if (pending.length < end + 4 + length) return
      pending = pending.slice(end + 4 + length)
      const bytes = /^GET \/bytes\/(\d+)/.exec(head)?.[1]
      if (bytes === undefined) socket.write(reply)
      else stream(socket, Number(bytes))
    }
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${port}` })}\n`)
})
process.stdin.on('end', () => process.exit(0)).resume()

function stream(socket: Socket, bytes: number): void {
  let left = bytes
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`)
  const pump = () => {
    while (left > 0) {
      const chunk = left < block.length ? block.subarray(0, left) : block
      left -= chunk.length
      if (!socket.write(chunk)) {
        socket.once('drain', pump)
        return
      }
    }
  }
  pump()
}
