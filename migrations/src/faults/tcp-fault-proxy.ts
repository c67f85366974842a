import { connect, createServer, type Socket } from 'node:net'

/** `pass`: nothing is done; `slow`: each chunk waits; `cut`: connections are reset, and new ones too. */
export type NetworkState = { kind: 'pass' } | { kind: 'slow'; latencyMs: number } | { kind: 'cut' }

/** A piece of network that can be made to fail, between whoever connects to it and one address. */
export type TcpFaultProxy = {
  port: number
  become(state: NetworkState): void
  close(): Promise<void>
}

/** Listens on a free port of 127.0.0.1 and passes every connection on to `host:port`, bytes in order, until told otherwise. */
export async function startTcpFaultProxy(host: string, port: number): Promise<TcpFaultProxy> {
  let state: NetworkState = { kind: 'pass' }
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, client => {
    if (state.kind === 'cut') {
      client.resetAndDestroy()
      return
    }
    const upstream = connect({ host, port, allowHalfOpen: true, noDelay: true })
    join(client, upstream)
    join(upstream, client)
  })

  /** One direction: what comes from `from` goes to `to`, no sooner than the latency allows. */
  function join(from: Socket, to: Socket): void {
    open.add(from)
    let last: Promise<void> = Promise.resolve()
    const later = (act: () => void) => {
      const latencyMs = state.kind === 'slow' ? state.latencyMs : 0
      const due = latencyMs === 0 ? undefined : performance.now() + latencyMs
      last = last.then(() => until(due)).then(act)
    }
    from.on('data', chunk => {
      from.pause()
      later(() => {
        if (to.destroyed || to.write(chunk)) from.resume()
        else to.once('drain', () => from.resume())
      })
    })
    from.on('end', () => later(() => to.end()))
    from.on('error', () => to.destroy())
    from.on('close', () => {
      open.delete(from)
      to.destroySoon()
    })
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    become: next => {
      state = next
      if (next.kind === 'cut') for (const socket of open) socket.resetAndDestroy()
    },
    close: () => {
      for (const socket of open) socket.destroy()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}

function until(due: number | undefined): Promise<void> {
  if (due === undefined) return Promise.resolve()
  return new Promise(resolve => setTimeout(resolve, Math.max(0, due - performance.now())))
}
