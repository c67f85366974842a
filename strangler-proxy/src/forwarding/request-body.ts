import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { BodyTap } from './body-tap.ts'
import { passedBlock } from './passing-memory.ts'

/** Raised in a body that grows over the configured limit. */
export class BodyTooLarge extends Error {}
/** Raised in a body that arrives too slowly. */
export class BodyTooSlow extends Error {}
/** Raised in a body whose client left before its end. */
export class BodyAborted extends Error {}

export type BodyLimits = { bodyBytes: number; bodyBytesPerSecond: number; bodyRateMs: number }

/**
 * A request's body on its way to the upstream: what was read ahead, then the rest, with backpressure.
 * Destroying it leaves the client's connection alone, so that an answer can still be sent.
 */
export class RequestBody extends Readable {
  readonly #request: IncomingMessage
  readonly #limits: BodyLimits
  readonly #tap: BodyTap | undefined
  readonly #onStart: () => void
  #watch: NodeJS.Timeout | undefined
  /** Bytes since the last look, and whether the upstream has made the client wait meanwhile. */
  #recent = 0
  #heldBack = false
  #ahead: Buffer | undefined
  #count = 0
  #attached = false

  /** @param onStart called before the client is read for the first time */
  constructor(
    request: IncomingMessage,
    ahead: Buffer | undefined,
    limits: BodyLimits,
    tap: BodyTap | undefined,
    onStart: () => void,
  ) {
    super({ highWaterMark: 65_536 })
    this.#request = request
    this.#ahead = ahead
    this.#limits = limits
    this.#tap = tap
    this.#onStart = onStart
  }

  /** Whether bytes have been taken from the client, so that no second attempt could send them again. */
  get touched(): boolean {
    return this.#attached || this.#count > 0
  }

  override _read(): void {
    if (this.#ahead !== undefined && this.#ahead.length > 0) {
      const chunk = this.#ahead
      this.#ahead = undefined
      this.#pass(chunk)
      return
    }
    this.#ahead = undefined
    if (this.#attached) {
      this.#request.resume()
      return
    }
    this.#attached = true
    if (this.#limits.bodyBytesPerSecond > 0 && !this.#request.complete)
      this.#watch = setTimeout(this.#onWatch, this.#limits.bodyRateMs)
    this.#onStart()
    this.#request.on('data', this.#onData)
    this.#request.on('end', this.#onEnd)
    this.#request.on('close', this.#onClose)
    if (this.#request.readableEnded) this.push(null)
    else if (this.#request.destroyed) this.#onClose()
    else this.#request.resume()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#watch)
    this.#request.off('data', this.#onData)
    this.#request.off('end', this.#onEnd)
    this.#request.off('close', this.#onClose)
    done(error)
  }

  #pass(chunk: Buffer): boolean {
    this.#count += chunk.length
    passedBlock(chunk.length)
    this.#recent += chunk.length
    if (this.#count > this.#limits.bodyBytes) {
      this.destroy(new BodyTooLarge())
      return false
    }
    this.#tap?.onData(chunk)
    return this.push(chunk)
  }

  #onData = (chunk: Buffer): void => {
    if (this.#pass(chunk)) return
    this.#heldBack = true
    this.#request.pause()
  }

  /** A pause that the upstream asked for is not the client's slowness. */
  #onWatch = (): void => {
    const expected = (this.#limits.bodyBytesPerSecond * this.#limits.bodyRateMs) / 1_000
    if (!this.#heldBack && !this.#request.isPaused() && this.#recent < expected)
      return void this.destroy(new BodyTooSlow())
    this.#recent = 0
    this.#heldBack = this.#request.isPaused()
    this.#watch?.refresh()
  }

  #onEnd = (): void => {
    clearTimeout(this.#watch)
    this.push(null)
  }

  #onClose = (): void => {
    if (!this.#request.complete) this.destroy(new BodyAborted())
  }
}

/**
 * Reads the beginning of a body, for messages that say inside what they are.
 * @param limit stops there, and the rest stays unread
 * @param withinMs for all of it: a client that sends a byte now and then must not occupy the proxy
 * @param enough asked as bytes arrive, at lengths that double; true stops reading
 * @returns the bytes, and whether they are the whole body
 */
export function readAhead(
  request: IncomingMessage,
  limit: number,
  withinMs: number,
  enough: (bytes: Buffer) => boolean,
): Promise<{ bytes: Buffer; complete: boolean } | 'aborted' | 'late'> {
  return new Promise(resolve => {
    const chunks: Buffer[] = []
    let length = 0
    let next = 8_192
    const timer = setTimeout(() => settle('late'), withinMs)
    const settle = (result: { bytes: Buffer; complete: boolean } | 'aborted' | 'late') => {
      clearTimeout(timer)
      request.pause()
      request.off('data', onData).off('end', onEnd).off('close', onClose)
      resolve(result)
    }
    const onData = (chunk: Buffer) => {
      chunks.push(chunk)
      length += chunk.length
      if (length < next && length < limit) return
      const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
      while (next <= length) next *= 2
      if (length >= limit || enough(bytes)) settle({ bytes, complete: false })
    }
    const onEnd = () =>
      settle({ bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks), complete: true })
    const onClose = () => settle('aborted')
    request.on('data', onData).on('end', onEnd).on('close', onClose)
    request.resume()
  })
}
