/**
 * Finds the operation of a SOAP message: the first element of the Body, without reading the rest.
 *
 * What is found here must be what the server behind will execute, or a write could dress up as a read. So the
 * scanner reads only XML that every parser reads alike (no DOCTYPE, no processing instruction, an encoding in
 * which ASCII bytes mean ASCII) and checks nesting, attribute syntax and namespaces up to that element.
 */

export type SoapVersion = '1.1' | '1.2'

export type SoapScan =
  | {
      found: { operation: string; namespace: string; version: SoapVersion }
      /** How many characters decided: what comes after them changes nothing. */
      read: number
    }
  /** The message goes on beyond the bytes at hand. */
  | { incomplete: true }
  | { refused: string }

type Element = { name: string; bindings: ReadonlyMap<string, string> | undefined }

const envelopes = new Map<string, SoapVersion>([
  ['http://schemas.xmlsoap.org/soap/envelope/', '1.1'],
  ['http://www.w3.org/2003/05/soap-envelope', '1.2'],
])
const encodings = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii', 'iso-8859-1', 'windows-1252'])
const maxDepth = 100
const maxAttributes = 200

const declaration =
  /^<\?xml\s+version\s*=\s*(?:"1\.0"|'1\.0')(?:\s+encoding\s*=\s*(?:"([A-Za-z0-9._-]+)"|'([A-Za-z0-9._-]+)'))?(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>/
const nameAt = /[\p{L}_][\p{L}\p{N}\-._]*(?::[\p{L}_][\p{L}\p{N}\-._]*)?/uy
const spaceAt = /[\t\n\r ]*/y

class Refusal extends Error {}
class Incomplete extends Error {}

/**
 * @param bytes the beginning of the message
 * @param complete whether `bytes` is all of it
 */
export function scanSoapOperation(bytes: Buffer, complete: boolean): SoapScan {
  const text = bytes.toString('utf8')
  try {
    const scanner = new Scanner(text)
    return { found: scanner.operation(), read: scanner.at }
  } catch (error) {
    if (error instanceof Incomplete)
      return complete ? { refused: 'the XML ends too early' } : { incomplete: true }
    if (error instanceof Refusal) return { refused: error.message }
    throw error
  }
}

class Scanner {
  readonly text: string
  at = 0
  readonly open: Element[] = []

  constructor(text: string) {
    this.text = text
  }

  operation(): { operation: string; namespace: string; version: SoapVersion } {
    this.prolog()
    const envelope = this.startTag()
    const version = envelopes.get(this.namespaceOf(envelope.name))
    if (version === undefined || localOf(envelope.name) !== 'Envelope' || envelope.empty)
      throw new Refusal('the root is no SOAP Envelope')
    const soap = this.namespaceOf(envelope.name)
    let child = this.nextStart()
    if (localOf(child.name) === 'Header' && this.namespaceOf(child.name) === soap) {
      if (child.empty) this.open.pop()
      else this.skipContent()
      child = this.nextStart()
    }
    if (localOf(child.name) !== 'Body' || this.namespaceOf(child.name) !== soap)
      throw new Refusal('the Envelope holds no Body after its Header')
    if (child.empty) throw new Refusal('the Body is empty')
    const operation = this.nextStart()
    return { operation: localOf(operation.name), namespace: this.namespaceOf(operation.name), version }
  }

  prolog(): void {
    if (this.text.charCodeAt(0) === 0xfeff) this.at = 1
    if (this.startsWithOrIncomplete('<?xml')) {
      const end = this.text.indexOf('?>', this.at)
      if (end === -1) throw this.text.length > 1_000 ? new Refusal('not well-formed') : new Incomplete()
      const found = declaration.exec(this.text.slice(this.at, end + 2))
      if (found === null) throw new Refusal('the XML declaration is not well-formed')
      const encoding = found[1] ?? found[2]
      if (encoding !== undefined && !encodings.has(encoding.toLowerCase()))
        throw new Refusal(`encoding ${encoding} is not supported`)
      this.at = end + 2
    }
    this.skipMarkupFree()
  }

  /** The next start tag; only blanks and comments may stand before it. */
  nextStart(): { name: string; empty: boolean } {
    this.skipMarkupFree()
    if (this.text.startsWith('</', this.at)) throw new Refusal('the Body is empty')
    return this.startTag()
  }

  skipMarkupFree(): void {
    for (;;) {
      this.blank()
      if (this.at >= this.text.length) throw new Incomplete()
      if (this.text.charCodeAt(this.at) !== 0x3c) throw new Refusal('text where an element belongs')
      if (!this.skipComment()) return
    }
  }

  /** Refuses what no SOAP message may hold; answers whether a comment was skipped. */
  skipComment(): boolean {
    if (this.text.charCodeAt(this.at + 1) === 0x3f /* ? */)
      throw new Refusal('a processing instruction is not allowed')
    if (this.text.charCodeAt(this.at + 1) !== 0x21 /* ! */) {
      if (this.at + 1 >= this.text.length) throw new Incomplete()
      return false
    }
    if (this.startsWithOrIncomplete('<!--')) {
      const end = this.find('--', this.at + 4)
      if (end + 2 >= this.text.length) throw new Incomplete()
      if (this.text.charCodeAt(end + 2) !== 0x3e) throw new Refusal('a comment is not well-formed')
      this.at = end + 3
      return true
    }
    if (this.text.startsWith('<![CDATA[', this.at)) throw new Refusal('text where an element belongs')
    throw new Refusal('a DOCTYPE is not allowed')
  }

  /** Up to the end of the innermost open element. */
  skipContent(): void {
    const depth = this.open.length
    while (this.open.length >= depth) {
      this.at = this.find('<', this.at)
      const next = this.text.charCodeAt(this.at + 1)
      if (next === 0x2f /* / */) this.endTag()
      else if (next === 0x21 && this.startsWithOrIncomplete('<![CDATA['))
        this.at = this.find(']]>', this.at) + 3
      else if (next === 0x21 || next === 0x3f) this.skipComment()
      else if (this.startTag().empty) this.open.pop()
    }
  }

  startTag(): { name: string; empty: boolean } {
    this.at++
    const name = this.name()
    const bindings = new Map<string, string>()
    const seen = new Set<string>()
    for (;;) {
      const before = this.at
      this.blank()
      const code = this.text.charCodeAt(this.at)
      if (code === 0x3e /* > */ || code === 0x2f /* / */) break
      if (this.at >= this.text.length) throw new Incomplete()
      if (before === this.at) throw new Refusal('a tag is not well-formed')
      const attribute = this.name()
      if (seen.has(attribute) || seen.size >= maxAttributes)
        throw new Refusal('an attribute stands twice, or there are too many')
      seen.add(attribute)
      const value = this.attributeValue()
      if (attribute === 'xmlns') bindings.set('', value)
      else if (attribute.startsWith('xmlns:')) bindings.set(attribute.slice(6), value)
    }
    const empty = this.text.charCodeAt(this.at) === 0x2f
    if (empty) this.at++
    if (this.at >= this.text.length) throw new Incomplete()
    if (this.text.charCodeAt(this.at) !== 0x3e) throw new Refusal('a tag is not well-formed')
    this.at++
    if (this.open.length >= maxDepth) throw new Refusal(`nested deeper than ${maxDepth}`)
    this.open.push({ name, bindings: bindings.size === 0 ? undefined : bindings })
    return { name, empty }
  }

  endTag(): void {
    this.at += 2
    const name = this.name()
    this.blank()
    if (this.at >= this.text.length) throw new Incomplete()
    if (this.text.charCodeAt(this.at) !== 0x3e || this.open.pop()?.name !== name)
      throw new Refusal('an end tag does not match')
    this.at++
  }

  attributeValue(): string {
    this.blank()
    if (this.at >= this.text.length) throw new Incomplete()
    if (this.text.charCodeAt(this.at++) !== 0x3d /* = */) throw new Refusal('an attribute has no value')
    this.blank()
    if (this.at >= this.text.length) throw new Incomplete()
    const quote = this.text[this.at]
    if (quote !== '"' && quote !== "'") throw new Refusal('an attribute value is not quoted')
    const end = this.find(quote, this.at + 1)
    const value = this.text.slice(this.at + 1, end)
    if (value.includes('<')) throw new Refusal('an attribute value holds <')
    this.at = end + 1
    return value
  }

  name(): string {
    nameAt.lastIndex = this.at
    const found = nameAt.exec(this.text)?.[0]
    const end = this.at + (found?.length ?? 0)
    // A name that touches the end of the bytes at hand may go on.
    if (end >= this.text.length || (this.text[end] === ':' && end + 1 === this.text.length))
      throw new Incomplete()
    if (found === undefined) throw new Refusal('a name is not well-formed')
    this.at = end
    return found
  }

  blank(): void {
    spaceAt.lastIndex = this.at
    this.at += spaceAt.exec(this.text)?.[0].length ?? 0
  }

  find(what: string, from: number): number {
    const at = this.text.indexOf(what, from)
    if (at === -1) throw new Incomplete()
    return at
  }

  startsWithOrIncomplete(what: string): boolean {
    const here = this.text.slice(this.at, this.at + what.length)
    if (here.length < what.length && what.startsWith(here)) throw new Incomplete()
    return here === what
  }

  namespaceOf(name: string): string {
    const colon = name.indexOf(':')
    const prefix = colon === -1 ? '' : name.slice(0, colon)
    for (let index = this.open.length - 1; index >= 0; index--) {
      const bound = this.open[index]!.bindings?.get(prefix)
      if (bound === undefined) continue
      // A reference inside a namespace name is legal XML that nobody writes: refused, not resolved.
      if (bound.includes('&')) throw new Refusal('a namespace name holds a reference')
      return bound
    }
    if (prefix !== '') throw new Refusal(`prefix ${prefix} is not bound`)
    return ''
  }
}

function localOf(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
