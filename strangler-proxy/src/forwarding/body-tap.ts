/** Keeps a copy of a request's body as it passes, up to a cap. */
export class BodyTap {
  readonly #cap: number
  #chunks: Buffer[] = []
  /** Of the body so far, kept or not. */
  length = 0

  constructor(cap: number) {
    this.#cap = cap
  }

  onData(chunk: Buffer): void {
    this.length += chunk.length
    if (this.length <= this.#cap) this.#chunks.push(chunk)
    else this.#chunks = []
  }

  /** Undefined where it was larger than the cap. */
  body(): Buffer | undefined {
    return this.length <= this.#cap ? Buffer.concat(this.#chunks) : undefined
  }
}
