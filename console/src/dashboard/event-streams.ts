import type { ServerResponse } from 'node:http'

export type EventStream = {
  send(event: string, data: unknown): void
  /** Runs when the stream has ended, from either end. */
  onEnd(run: () => void): void
  end(): void
}

/** Opens streams of server-sent events, as long as there are fewer than a limit. */
export type StreamDesk = {
  /** Undefined when there are too many: answered with 503 then. */
  open(response: ServerResponse): EventStream | undefined
  endAll(): void
}

const heartbeatMs = 15_000
/** A reader who does not read is cut off; the browser connects again and gets the state of then. */
const maxUnreadBytes = 1024 * 1024

export function createStreamDesk(limit: number): StreamDesk {
  const streams = new Set<EventStream>()
  return {
    open(response) {
      if (streams.size >= limit) {
        response.setHeader('retry-after', '5')
        response.writeHead(503).end()
        return undefined
      }
      const stream = openStream(response)
      streams.add(stream)
      stream.onEnd(() => streams.delete(stream))
      return stream
    },
    endAll() {
      for (const stream of streams) stream.end()
    },
  }
}

function openStream(response: ServerResponse): EventStream {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Proxies that collect an answer before they pass it on would stop the stream.
    'x-accel-buffering': 'no',
  })
  response.write('retry: 2000\n\n')
  const write = (text: string) => {
    if (response.destroyed || response.writableEnded) return
    if (response.writableLength > maxUnreadBytes) response.destroy()
    else response.write(text)
  }
  const heartbeat = setInterval(() => write(':\n\n'), heartbeatMs)
  response.on('error', () => {})
  response.on('close', () => clearInterval(heartbeat))
  return {
    // JSON has no line breaks outside of strings, and escapes those within: one data line.
    send: (event, data) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    onEnd: run => response.on('close', run),
    end: () => response.end(),
  }
}
