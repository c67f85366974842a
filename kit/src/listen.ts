import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ToolkitError } from './toolkit-error.ts'

export type Listening = { url: string; port: number; close(): Promise<void> }

/**
 * Binds a server and answers where it listens.
 * @param port 0 takes a free one
 * @param drainMs how long `close` waits for requests in flight before it cuts them
 * @throws ToolkitError PORT_TAKEN, PORT_REFUSED
 */
export async function listen(
  server: Server,
  port: number,
  host = '127.0.0.1',
  drainMs = 5_000,
): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)))
    server.listen(port, host, () => resolve())
  })
  const bound = (server.address() as AddressInfo).port
  return {
    port: bound,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () => close(server, drainMs),
  }
}

async function close(server: Server, drainMs: number): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), drainMs)
  await new Promise<void>(resolve => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
  clearTimeout(cut)
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE')
    return new ToolkitError('PORT_TAKEN', `${host}:${port} is in use by another process`, {
      hint: `stop that process (see who it is: ss -ltnp 'sport = :${port}') or choose another port`,
      cause: error,
    })
  if (error.code === 'EACCES' || error.code === 'EADDRNOTAVAIL')
    return new ToolkitError(
      'PORT_REFUSED',
      `the system does not let this process listen on ${host}:${port} (${error.code})`,
      {
        hint: 'use a port above 1023 and an address of this machine',
        cause: error,
      },
    )
  return error
}
