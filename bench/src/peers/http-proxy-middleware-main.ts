import { Agent } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { createProxyMiddleware } from 'http-proxy-middleware'

/** The peer: express with http-proxy-middleware as its documentation has it, and a keep-alive agent. */
const app = express()
app.disable('x-powered-by')
app.use(
  createProxyMiddleware({
    target: process.argv[2] ?? '',
    changeOrigin: true,
    agent: new Agent({ keepAlive: true, maxSockets: 256 }),
  }),
)
const server = app.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ ready: true, url: `http://127.0.0.1:${port}` })}\n`)
})
process.stdin.on('end', () => process.exit(0)).resume()
