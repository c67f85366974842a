import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import { replyHeaders } from './forwarded-headers.ts'
import { withHost } from './host-policy.ts'
import type { ProxyAnswer } from './refusal-answer.ts'
import { failureOf } from './upstream-failure.ts'
import type { Upstream } from './upstreams.ts'

/** The handshake of a WebSocket to hand to an upstream; afterwards bytes flow both ways untouched. */
export type UpgradeOrder = {
  request: IncomingMessage
  socket: Duplex
  /** Bytes that the client sent behind the handshake. */
  ahead: Buffer
  path: string
  headers: string[]
  upstream: Upstream
  key: string | undefined
}

/**
 * Not counted by the bulkhead: a WebSocket lasts, and would keep its seat for hours.
 * @param onEnd `switched` once both connections have ended, else what failed
 */
export function forwardUpgrade(
  order: UpgradeOrder,
  onEnd: (outcome: 'switched' | 'declined' | string) => void,
): void {
  const { host } = order.upstream
  const instance = order.upstream.pick(order.key, new Set())
  if (instance === undefined) return void onEnd('no-instance')
  const release = instance.begin()
  instance.dispatcher.dispatch(
    {
      path: order.path,
      method: 'GET',
      headers: host === undefined ? order.headers : withHost(order.headers, host, instance),
      upgrade: 'websocket',
      servername: instance.servername,
    } as Dispatcher.DispatchOptions,
    new UpgradeAttempt(order, outcome => {
      release()
      onEnd(outcome)
    }),
  )
}

/** Writes an answer of the proxy to a connection on which node no longer speaks HTTP. */
export function refuseUpgrade(socket: Duplex, reply: ProxyAnswer): void {
  const body = JSON.stringify({
    type: reply.type,
    title: reply.title,
    status: reply.status,
    detail: reply.detail,
  })
  socket.end(
    `HTTP/1.1 ${reply.status} ${reply.title}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

class UpgradeAttempt implements Dispatcher.DispatchHandler {
  readonly #order: UpgradeOrder
  readonly #onEnd: (outcome: string) => void
  #declining = false
  #ended = false

  constructor(order: UpgradeOrder, onEnd: (outcome: string) => void) {
    this.#order = order
    this.#onEnd = onEnd
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const { socket } = this.#order
    if (socket.destroyed) controller.abort(new Error('client left'))
    socket.once('close', () => controller.abort(new Error('client left')))
  }

  onRequestUpgrade(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
    upstream: Duplex,
  ): void {
    const { socket, ahead } = this.#order
    socket.write(
      head(status, 'Switching Protocols', [
        ...replyHeaders(headers, []),
        'connection',
        'Upgrade',
        'upgrade',
        'websocket',
      ]),
    )
    if (ahead.length > 0) upstream.write(ahead)
    const close = () => {
      socket.destroy()
      upstream.destroy()
      this.#end('switched')
    }
    for (const end of [socket, upstream]) end.on('error', close).on('close', close)
    upstream.pipe(socket)
    socket.pipe(upstream)
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
    message?: string,
  ): void {
    if (status < 200) return
    this.#declining = true
    this.#order.socket.write(
      head(status, message ?? '', [...replyHeaders(headers, []), 'connection', 'close']),
    )
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { socket } = this.#order
    if (socket.write(chunk)) return
    controller.pause()
    socket.once('drain', () => controller.resume())
  }

  onResponseEnd(): void {
    this.#order.socket.end()
    this.#end('declined')
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#declining) this.#order.socket.destroy()
    this.#end(failureOf(error).kind)
  }

  #end(outcome: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#onEnd(outcome)
  }
}

function head(status: number, message: string, headers: readonly string[]): string {
  let text = `HTTP/1.1 ${status} ${message}\r\n`
  for (let index = 0; index < headers.length; index += 2)
    text += `${headers[index]}: ${headers[index + 1]}\r\n`
  return `${text}\r\n`
}
