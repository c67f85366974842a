import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net'

/** A TCP relay to a server, by which a test takes that server away and gives it back. */
export type CuttableRelay = {
  port: number
  /** Ends every connection and refuses new ones. */
  cut(): Promise<void>
  restore(): Promise<void>
  /** Passes nothing on any more in either direction, as a server does that is suspended. */
  hang(): void
  close(): Promise<void>
}

export async function startCuttableRelay(host: string, targetPort: number): Promise<CuttableRelay> {
  const sockets = new Set<Socket>()
  let hanging = false
  const accept = (near: Socket) => {
    const far = createConnection({ host, port: targetPort })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', chunk => !hanging && to.write(chunk))
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  }
  let server = await listening(accept, 0)
  const { port } = server.address() as AddressInfo
  const cut = async () => {
    hanging = false
    for (const socket of sockets) socket.destroy()
    if (server.listening) await new Promise<void>(resolve => server.close(() => resolve()))
  }
  return {
    port,
    cut,
    restore: async () => {
      server = await listening(accept, port)
    },
    hang: () => {
      hanging = true
    },
    close: cut,
  }
}

async function listening(accept: (socket: Socket) => void, port: number): Promise<Server> {
  const server = createServer(accept)
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  return server
}
