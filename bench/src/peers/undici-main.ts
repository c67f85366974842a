import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'

/** The bare exchange: node:http in front, undici's `Pool.stream` behind, nothing decided and nothing checked. */
const pool = new Pool(process.argv[2] ?? '', { connections: 256, pipelining: 1 })
const server = createServer((request, response) => {
  const bodied =
    request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined
  pool
    .stream(
      {
        path: request.url ?? '/',
        method: (request.method ?? 'GET') as 'GET',
        headers: request.headers,
        body: bodied ? request : null,
      },
      ({ statusCode, headers }) => {
        response.writeHead(statusCode, headers)
        return response
      },
    )
    .catch(() => response.destroy())
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${port}` })}\n`)
})
process.stdin.on('end', () => process.exit(0)).resume()
