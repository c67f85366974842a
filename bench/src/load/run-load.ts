import { connect, type Socket } from 'node:net'
import type { LoadOrder, LoadResult } from './load-order.ts'

/** A keep-alive connection with one request outstanding at most. */
type Line = { socket: Socket; since: number; missing: number; head: string; busy: boolean }

/**
 * Sends requests over raw sockets, so that the generator costs less than what it measures. Replies need a
 * Content-Length. Latency counts from the moment a request was due, so that a stall is not hidden by waiting.
 */
export async function runLoad(order: LoadOrder): Promise<LoadResult> {
  const requests = order.requests.map(text => Buffer.from(text, 'latin1'))
  const latencies: number[] = []
  let errors = 0
  let turn = 0
  let measuring = false
  let running = true
  const due: number[] = []
  const free: Line[] = []

  function send(line: Line, since: number): void {
    line.busy = true
    line.since = since
    line.missing = -1
    line.head = ''
    line.socket.write(requests[turn++ % requests.length]!)
  }

  function done(line: Line): void {
    line.busy = false
    if (measuring) latencies.push(performance.now() - line.since)
    if (!running) return
    const next = order.rate === undefined ? performance.now() : due.shift()
    if (next === undefined) free.push(line)
    else send(line, next)
  }

  function onData(line: Line, chunk: Buffer): void {
    if (line.missing >= 0) {
      line.missing -= chunk.length
    } else {
      line.head += chunk.toString('latin1')
      const end = line.head.indexOf('\r\n\r\n')
      if (end === -1) return
      const length = /\r\ncontent-length: *(\d+)/i.exec(line.head)?.[1]
      if (!line.head.startsWith('HTTP/1.1 200') || length === undefined || Number(length) > 1e6) errors++
      line.missing = Number(length ?? 0) - (line.head.length - end - 4)
    }
    if (line.missing <= 0) done(line)
  }

  const lines = await Promise.all(Array.from({ length: order.connections }, () => open(order.port)))
  for (const line of lines) {
    line.socket.on('data', chunk => onData(line, chunk))
    line.socket.on('error', () => errors++)
    line.socket.on('close', () => running && errors++)
  }
  let ticker: NodeJS.Timeout | undefined
  if (order.rate === undefined) for (const line of lines) send(line, performance.now())
  else {
    free.push(...lines)
    const interval = 1_000 / order.rate
    let next = performance.now()
    ticker = setInterval(() => {
      for (const now = performance.now(); next <= now; next += interval) {
        const line = free.shift()
        if (line === undefined) due.push(next)
        else send(line, next)
      }
    }, 1)
  }
  await pause(order.warmupSeconds)
  const began = performance.now()
  measuring = true
  await pause(order.seconds)
  const seconds = (performance.now() - began) / 1_000
  measuring = false
  running = false
  clearInterval(ticker)
  // A request that never came back is not to be forgotten by stopping.
  const now = performance.now()
  if (order.rate !== undefined) for (const since of due) latencies.push(now - since)
  for (const line of lines) line.socket.destroy()
  latencies.sort((one, other) => one - other)
  const at = (share: number) => latencies[Math.max(0, Math.ceil(latencies.length * share) - 1)] ?? Number.NaN
  return { requests: latencies.length, errors, seconds, p50Ms: at(0.5), p99Ms: at(0.99) }
}

function open(port: number): Promise<Line> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.setNoDelay(true).off('error', reject)
      resolve({ socket, since: 0, missing: -1, head: '', busy: false })
    })
    socket.once('error', reject)
  })
}

const pause = (seconds: number) => new Promise(resolve => setTimeout(resolve, seconds * 1_000))
