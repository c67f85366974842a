import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Dispatcher } from 'undici'
import type { HttpReply } from './http-exchange.ts'

/** Takes the events of one exchange and gives the whole reply, within a time and a size. */
export class ReplyCollector implements Dispatcher.DispatchHandler {
  readonly #limit: number
  readonly #timeoutMs: number
  readonly #resolve: (reply: HttpReply) => void
  readonly #reject: (error: Error) => void
  readonly #timer: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | undefined
  #late = false
  #status = 0
  #headers: HttpReply['headers'] = {}
  #first: Buffer | undefined
  #more: Buffer[] | undefined
  #size = 0

  constructor(
    limit: number,
    timeoutMs: number,
    resolve: (reply: HttpReply) => void,
    reject: (error: Error) => void,
  ) {
    this.#limit = limit
    this.#timeoutMs = timeoutMs
    this.#resolve = resolve
    this.#reject = reject
    this.#timer = setTimeout(() => this.#giveUp(), timeoutMs)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // It waited for a connection, and nobody waits for it any more.
    if (this.#late) controller.abort(this.#timeout())
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: HttpReply['headers'],
  ): void {
    // A 1xx comes before the reply.
    if (status < 200) return
    this.#status = status
    this.#headers = headers
    const encoding = headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity')
      controller.abort(
        new ToolkitError('UPSTREAM_REPLY_ENCODED', `the reply has content-encoding ${encoding}`),
      )
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#size > this.#limit)
      controller.abort(
        new ToolkitError('UPSTREAM_REPLY_TOO_LARGE', `the reply has more than ${this.#limit} bytes`),
      )
    else if (this.#first === undefined) this.#first = chunk
    else {
      this.#more ??= [this.#first]
      this.#more.push(chunk)
    }
  }

  onResponseEnd(): void {
    clearTimeout(this.#timer)
    const body = this.#more === undefined ? this.#first : Buffer.concat(this.#more, this.#size)
    this.#resolve({ status: this.#status, headers: this.#headers, body: body ?? Buffer.alloc(0) })
  }

  onResponseError(_controller: unknown, error: Error): void {
    clearTimeout(this.#timer)
    this.#reject(error)
  }

  #giveUp(): void {
    this.#late = true
    this.#controller?.abort(this.#timeout())
    this.#reject(this.#timeout())
  }

  #timeout(): Error {
    return Object.assign(new Error(`no answer within ${this.#timeoutMs} ms`), { name: 'TimeoutError' })
  }
}
