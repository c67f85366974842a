import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

const everyMs = 1_000
/** A connection with both directions open, in the table of the kernel. */
const established = '01'
const tables = ['/proc/net/tcp', '/proc/net/tcp6']

const watched = new Set<Socket>()
let timer: NodeJS.Timeout | undefined

/**
 * Notices that the client of a parked write has left in the middle of its body, and closes the connection. Nobody
 * reads from it meanwhile, so its end lies unseen behind what has been sent. An interim reply would bring it to
 * light, but there are clients that fail on one they did not ask for; so the kernel is asked, where it tells (Linux).
 * @returns what ends the watch
 */
export function watchClient(request: IncomingMessage): () => void {
  const { socket } = request
  if (request.complete) return () => {}
  watched.add(socket)
  timer ??= setInterval(look, everyMs).unref()
  return () => {
    watched.delete(socket)
    if (watched.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

function look(): void {
  const asked = [...watched]
  Promise.all(tables.map(table => readFile(table, 'latin1').catch(() => ''))).then(texts => {
    const open = openConnections(texts.join('\n'))
    if (open.size === 0) return
    for (const socket of asked)
      if (watched.has(socket) && !open.has(`${socket.localPort}:${socket.remotePort}`)) socket.destroy()
  })
}

/** Pairs of ports, ours first. `sl local_address rem_address st …`, addresses as hex IP:PORT (proc(5)). */
function openConnections(text: string): Set<string> {
  const open = new Set<string>()
  for (const line of text.split('\n')) {
    const [, local, remote, state] = line.trim().split(/\s+/, 4)
    if (state === established) open.add(`${portOf(local)}:${portOf(remote)}`)
  }
  return open
}

function portOf(address: string | undefined): number {
  return Number.parseInt(address?.split(':')[1] ?? '', 16)
}
