import { createServer, type Server, type Socket } from 'node:net'

/** A server that answers every request with bytes of the test's choice, told which connection asks. */
export async function startRawUpstream(answer: (socket: Socket, head: string, connection: number) => void) {
  let connections = 0
  const sockets = new Set<Socket>()
  const server: Server = createServer(socket => {
    const connection = ++connections
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    let head = ''
    socket.on('data', chunk => {
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      const complete = head
      head = ''
      answer(socket, complete, connection)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
