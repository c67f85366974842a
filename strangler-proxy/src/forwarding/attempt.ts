import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Instance } from './instance.ts'
import { passedBlock } from './passing-memory.ts'
import type { ReplyTap } from './reply-tap.ts'

/** Whoever makes attempts, and passes on what one of them brings. */
export type AttemptOwner = {
  readonly order: { response: ServerResponse; tap: ReplyTap | undefined }
  readonly clientGone: boolean
  touchDeadline(): void
  /** @returns whether the attempt is to go on and pass its reply to the client */
  replied(attempt: Attempt, status: number, message: string, headers: IncomingHttpHeaders): boolean
  ended(attempt: Attempt, trailers: IncomingHttpHeaders | undefined): void
  failed(attempt: Attempt, error: Error): void
}

/** Replies that come in one piece of at most this size go out as one. */
const oneWriteBytes = 16_384

/** One try at one server. What it reports after it was given up is ignored. */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly #forwarding: AttemptOwner
  readonly instance: Instance
  readonly #release: () => void
  #controller: Dispatcher.DispatchController | undefined
  #silenced = false
  #onDrain: (() => void) | undefined
  /** Of the reply, where its head says so and nothing of it has come yet. */
  #expected: string | undefined
  /** Whether bytes may have reached the server. */
  started = false
  /** Whether the client has seen the head of this attempt's reply. */
  passing = false

  constructor(forwarding: AttemptOwner, instance: Instance) {
    this.#forwarding = forwarding
    this.instance = instance
    this.#release = instance.begin()
  }

  silence(): void {
    this.#silenced = true
    this.#controller?.abort(new Error('given up'))
  }

  /** The client is gone, so nobody drains its connection any more. */
  unblock(): void {
    this.#controller?.resume()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#silenced) controller.abort(new Error('given up'))
    else this.started = true
  }

  onBodySent(): void {
    this.#forwarding.touchDeadline()
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
    message?: string,
  ): void {
    if (this.#silenced) return
    if (status < 200) {
      const link = headers.link
      if (status === 103 && link !== undefined && !this.#forwarding.clientGone)
        this.#forwarding.order.response.writeEarlyHints({ link })
      return
    }
    this.passing = this.#forwarding.replied(this, status, message ?? '', headers)
    if (this.passing) this.#expected = headers['content-length']
    else controller.abort(new Error('given up'))
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.passing) return
    const { response, tap } = this.#forwarding.order
    tap?.onData(chunk)
    passedBlock(chunk.length)
    if (this.#forwarding.clientGone) return
    const whole = this.#expected !== undefined && Number(this.#expected) === chunk.length
    this.#expected = undefined
    if (whole && chunk.length <= oneWriteBytes) {
      // Joined to the head, it costs one write to the socket; latin1 keeps every byte.
      response.end(chunk.toString('latin1'), 'latin1')
      return
    }
    if (response.write(chunk)) return
    controller.pause()
    if (this.#onDrain === undefined) {
      this.#onDrain = () => controller.resume()
      response.on('drain', this.#onDrain)
    }
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    this.#release()
    this.#forwarding.ended(this, trailers)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#release()
    if (!this.#silenced) this.#forwarding.failed(this, error)
  }
}
