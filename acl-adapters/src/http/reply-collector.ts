import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Dispatcher } from 'undici'
import type { HttpReply, ReplyRest } from './http-exchange.ts'

export type CollectorLimits = {
  /** To the end of the reply, or from one of its parts to the next where it is given in parts. */
  timeoutMs: number
  /** Bytes of a reply that is given whole. */
  wholeBytes: number
  /** A longer reply is given in parts. */
  partsAbove: number
}

/** Bytes read ahead of what is asked for. */
const aheadBytes = 256 * 1024

/** Takes the events of one exchange and gives the reply, within a time and a size. */
export class ReplyCollector implements Dispatcher.DispatchHandler {
  readonly #limits: CollectorLimits
  readonly #resolve: (reply: HttpReply) => void
  readonly #reject: (error: Error) => void
  readonly #explain: (error: unknown) => Error
  readonly #timer: NodeJS.Timeout
  #controller: Dispatcher.DispatchController | undefined
  #late = false
  #status = 0
  #headers: HttpReply['headers'] = {}
  #chunks: Buffer[] = []
  #size = 0
  #inParts = false
  #ended = false
  #failure: Error | undefined
  #wake: () => void = () => {}

  /** @param explain what a failure is to the caller */
  constructor(
    limits: CollectorLimits,
    resolve: (reply: HttpReply) => void,
    reject: (error: Error) => void,
    explain: (error: unknown) => Error,
  ) {
    this.#limits = limits
    this.#resolve = resolve
    this.#reject = reject
    this.#explain = explain
    this.#timer = setTimeout(() => this.#giveUp(), limits.timeoutMs)
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
    // undici gives an empty chunk when it goes on after a pause; taken for a part, it would be asked for for ever.
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#size += chunk.length
    if (this.#inParts) {
      if (this.#size >= aheadBytes) controller.pause()
      this.#wake()
    } else if (this.#size > this.#limits.partsAbove) this.#goInParts(controller)
    else if (this.#size > this.#limits.wholeBytes)
      controller.abort(
        new ToolkitError(
          'UPSTREAM_REPLY_TOO_LARGE',
          `the reply has more than ${this.#limits.wholeBytes} bytes`,
        ),
      )
  }

  onResponseEnd(): void {
    clearTimeout(this.#timer)
    this.#ended = true
    if (this.#inParts) this.#wake()
    else this.#resolve({ status: this.#status, headers: this.#headers, body: this.#taken() })
  }

  onResponseError(_controller: unknown, error: Error): void {
    clearTimeout(this.#timer)
    if (this.#failure !== undefined) return
    this.#failure = this.#explain(error)
    if (this.#inParts) this.#wake()
    else this.#reject(this.#failure)
  }

  #goInParts(controller: Dispatcher.DispatchController): void {
    clearTimeout(this.#timer)
    this.#inParts = true
    controller.pause()
    const cancel = () => {
      if (!this.#ended) controller.abort(new Error('the rest of the reply is not wanted'))
    }
    const rest: ReplyRest = { parts: this.#parts(cancel), cancel }
    this.#resolve({ status: this.#status, headers: this.#headers, body: this.#taken(), rest })
  }

  async *#parts(cancel: () => void): AsyncGenerator<Buffer> {
    try {
      while (!this.#ended || this.#chunks.length > 0) {
        if (this.#failure !== undefined) throw this.#failure
        if (this.#chunks.length > 0) yield this.#taken()
        else await this.#nextPart()
      }
    } finally {
      cancel()
    }
  }

  async #nextPart(): Promise<void> {
    const timer = setTimeout(() => this.#giveUp(), this.#limits.timeoutMs)
    const woken = new Promise<void>(resolve => {
      this.#wake = resolve
    })
    this.#controller!.resume()
    await woken
    clearTimeout(timer)
  }

  #taken(): Buffer {
    const [first = Buffer.alloc(0)] = this.#chunks
    const body = this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : first
    this.#chunks = []
    this.#size = 0
    return body
  }

  #giveUp(): void {
    this.#late = true
    this.#controller?.abort(this.#timeout())
    this.onResponseError(undefined, this.#timeout())
  }

  #timeout(): Error {
    return Object.assign(new Error(`no answer within ${this.#limits.timeoutMs} ms`), { name: 'TimeoutError' })
  }
}
