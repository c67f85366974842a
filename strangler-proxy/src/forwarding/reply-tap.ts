import type { IncomingHttpHeaders } from 'node:http'

/** What one side answered, as far as it is compared. */
export type Observation = {
  status: number
  headers: IncomingHttpHeaders
  /** Undefined where it was larger than the cap. */
  body: Buffer | undefined
  ms: number
}

/** Keeps a copy of a reply as it passes, up to a cap. */
export class ReplyTap {
  readonly #cap: number
  #status = 0
  #headers: IncomingHttpHeaders = {}
  #chunks: Buffer[] = []
  #length = 0

  constructor(cap: number) {
    this.#cap = cap
  }

  onHead(status: number, headers: IncomingHttpHeaders): void {
    this.#status = status
    this.#headers = headers
    this.#chunks = []
    this.#length = 0
  }

  onData(chunk: Buffer): void {
    this.#length += chunk.length
    if (this.#length <= this.#cap) this.#chunks.push(chunk)
    else this.#chunks = []
  }

  observation(ms: number): Observation {
    const body = this.#length <= this.#cap ? Buffer.concat(this.#chunks) : undefined
    return { status: this.#status, headers: this.#headers, body, ms }
  }
}
