import { type NetworkState, startTcpFaultProxy, type TcpFaultProxy } from './tcp-fault-proxy.ts'

/** The engine's connections, led through pieces of network that can be made to fail. */
export type FaultNetwork = {
  /** The same URL with the address of a piece of network before it; one piece per address. */
  through(url: string): Promise<string>
  become(state: NetworkState): void
  close(): Promise<void>
}

const defaultPorts: Record<string, number> = { 'mysql:': 3306, 'http:': 80, 'https:': 443 }

export function createFaultNetwork(): FaultNetwork {
  const pieces = new Map<string, Promise<TcpFaultProxy>>()
  const started = () => Promise.all(pieces.values())
  return {
    through: async url => {
      const parsed = new URL(url)
      const host = parsed.hostname.replace(/^\[|\]$/g, '')
      const port = parsed.port === '' ? (defaultPorts[parsed.protocol] ?? 80) : Number(parsed.port)
      const key = `${host} ${port}`
      const piece = pieces.get(key) ?? startTcpFaultProxy(host, port)
      pieces.set(key, piece)
      parsed.hostname = '127.0.0.1'
      parsed.port = String((await piece).port)
      // A URL of http gains a path of its own when it is parsed.
      return parsed.href.replace(/\/$/, url.endsWith('/') ? '/' : '')
    },
    become: state => {
      for (const piece of pieces.values()) void piece.then(each => each.become(state))
    },
    close: async () => {
      await Promise.all((await started()).map(piece => piece.close()))
    },
  }
}
