import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { expandReferences } from './expand-references.ts'
import { countRead, type Namespaces, sharedNamespaces } from './namespaces.ts'
import { readTag, type XmlTag } from './read-tag.ts'
import type { XmlHandler, XmlLimits } from './xml-reader.ts'
import { isNcName, isXmlText } from './xml-text.ts'

/** Takes a document in pieces, cut anywhere; the handler is called as soon as a token is whole. */
export type XmlTokenizer = { write(chunk: string): void; end(): void }

type Open = { tag: XmlTag; outer: Namespaces }

const declaration =
  /^<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*(["'])1\.[0-9]+\1(?:[ \t\n]+encoding[ \t\n]*=[ \t\n]*(["'])[A-Za-z][A-Za-z0-9._-]*\2)?(?:[ \t\n]+standalone[ \t\n]*=[ \t\n]*(["'])(?:yes|no)\3)?[ \t\n]*\?>$/
const longestOpening = '<![CDATA['.length
/** Tags kept for one set of declarations; more of them are not the few names of a schema. */
const cachedTags = 512
const cachedTagLength = 200

/**
 * A tokenizer for what SOAP allows of XML 1.0 with namespaces: no DOCTYPE, hence no entities but the five, and no
 * processing instructions unless the limits pass over them. Everything else that is not well-formed is refused.
 * Its methods throw ToolkitError as readXml says.
 */
export function createXmlTokenizer(handler: XmlHandler, limits: XmlLimits): XmlTokenizer {
  const open: Open[] = []
  let namespaces = sharedNamespaces()
  /** What is not yet consumed, with line ends as LF. */
  let source = ''
  /** Ends of the last chunk that the next one may change: CR, half a surrogate pair. */
  let withheld = ''
  let characters = 0
  let run = 0
  let hasReferences = false
  let rootSeen = false
  let beforeMark = true
  let atStart = true
  let line = 1
  let newline = -1
  /** Characters of the line before `source`. */
  let column = 0

  const write = (chunk: string): void => {
    characters += chunk.length
    if (characters > limits.characters)
      throw refused('XML_TOO_LARGE', `the document has more than ${limits.characters} characters`, {
        limit: limits.characters,
      })
    take(withheld === '' ? chunk : withheld + chunk, false)
  }

  const take = (given: string, final: boolean): void => {
    const last = given.charCodeAt(given.length - 1)
    const cut = !final && (last === 0x0d || (last & 0xfc00) === 0xd800) ? given.length - 1 : given.length
    withheld = given.slice(cut)
    let chunk = cut === given.length ? given : given.slice(0, cut)
    if (!isXmlText(chunk)) throw malformed('a character that XML does not allow', 0)
    if (chunk.includes('\r')) chunk = chunk.replace(/\r\n?/g, '\n')
    if (beforeMark && chunk !== '') {
      if (chunk.charCodeAt(0) === 0xfeff) chunk = chunk.slice(1)
      beforeMark = false
    }
    source = source === '' ? chunk : source + chunk
    hasReferences = source.includes('&')
    newline = source.indexOf('\n')
    drop(consume(final))
  }

  const drop = (consumed: number): void => {
    if (consumed === 0) return
    atStart = false
    lineAt(consumed)
    column = columnAt(consumed)
    source = source.slice(consumed)
  }

  /** @returns where the first token begins that is not whole yet */
  const consume = (final: boolean): number => {
    const { length } = source
    let at = 0
    while (at < length) {
      const next = source.charCodeAt(at) === 0x3c ? markup(at, final) : text(at, final)
      if (next < 0) return at
      at = next
    }
    return at
  }

  /** @returns where the next token begins; −1 where this one is not whole */
  const markup = (at: number, final: boolean): number => {
    const code = source.charCodeAt(at + 1)
    if (code === 0x2f) return endTag(at, final)
    if (code === 0x21) return special(at, final)
    if (code === 0x3f) return instruction(at, final)
    return startTag(at, final)
  }

  const startTag = (at: number, final: boolean): number => {
    const end = tagEnd(nameEnd(at + 1))
    if (end < 0) return final ? fail('a tag does not end', at) : -1
    const empty = source.charCodeAt(end - 1) === 0x2f
    const raw = source.slice(at + 1, empty ? end - 1 : end)
    if (open.length === 0) {
      if (rootSeen) fail('there is a second root', at)
      rootSeen = true
    }
    if (open.length >= limits.depth)
      throw refused('XML_TOO_DEEP', `elements are nested more than ${limits.depth} deep`, {
        limit: limits.depth,
      })
    const tag = namespaces.tags.get(raw) ?? parseTag(raw, at)
    open.push({ tag, outer: namespaces })
    namespaces = tag.namespaces
    run = 0
    handler.open(tag, namespaces.resolve, lineAt(at))
    if (empty) close()
    return end + 1
  }

  /** The tag's text says all of it, given the namespaces around, so that a tag seen before need not be read. */
  const parseTag = (raw: string, at: number): XmlTag => {
    const tag = readTag(raw, namespaces, limits, (message, code) => {
      throw code === undefined ? malformed(message, at) : refused(code, message, { line: lineAt(at) })
    })
    countRead()
    if (raw.length <= cachedTagLength && namespaces.tags.size < cachedTags) namespaces.tags.set(raw, tag)
    return tag
  }

  const nameEnd = (from: number): number => {
    let at = from
    let code = source.charCodeAt(at)
    while (code > 0x3e || (code > 0x20 && code !== 0x3e && code !== 0x2f)) {
      at += 1
      code = source.charCodeAt(at)
    }
    return at
  }

  /** Where the tag's `>` is, past those in attribute values. */
  const tagEnd = (from: number): number => {
    if (source.charCodeAt(from) === 0x3e) return from
    let at = from
    for (let values = 0; ; values += 1) {
      const close = source.indexOf('>', at)
      const quote = nextQuote(at, close)
      if (quote < 0) return close
      if (values > limits.attributes)
        throw refused('XML_TOO_MANY_ATTRIBUTES', `an element has more than ${limits.attributes} attributes`, {
          limit: limits.attributes,
          line: lineAt(from),
        })
      const end = source.indexOf(source[quote]!, quote + 1)
      if (end < 0) return -1
      at = end + 1
    }
  }

  const nextQuote = (from: number, until: number): number => {
    const end = until < 0 ? source.length : until
    for (let at = from; at < end; at += 1) {
      const code = source.charCodeAt(at)
      if (code === 0x22 || code === 0x27) return at
    }
    return -1
  }

  const endTag = (at: number, final: boolean): number => {
    if (open.length === 0) fail('an end tag has no start tag', at)
    const { name } = open[open.length - 1]!.tag
    let end = at + 2 + name.length
    if (source.charCodeAt(end) !== 0x3e) {
      end = source.indexOf('>', at)
      if (end < 0) return final ? fail('a tag does not end', at) : -1
      if (source.slice(at + 2, end).replace(/[ \t\n]+$/, '') !== name) fail(`expected </${name}>`, at)
    } else if (!source.startsWith(name, at + 2)) fail(`expected </${name}>`, at)
    close()
    return end + 1
  }

  const close = (): void => {
    run = 0
    handler.close(namespaces.resolve)
    namespaces = open.pop()!.outer
  }

  const text = (at: number, final: boolean): number => {
    const found = source.indexOf('<', at)
    const end = found >= 0 ? found : final ? source.length : partEnd(at)
    if (end === at) return -1
    let part = source.slice(at, end)
    if (part.length >= 3 && part.includes(']]>')) fail(']]> stands in text', at)
    if (open.length === 0) {
      if (/[^ \t\n]/.test(part)) fail('there is text outside the root', at)
      return end
    }
    if (hasReferences && part.includes('&')) part = expandReferences(part, reason => fail(reason, at))
    give(part)
    return end
  }

  /** Where text may be cut: not within a reference or within `]]>`. */
  const partEnd = (at: number): number => {
    let end = source.length
    const reference = source.lastIndexOf('&')
    if (reference >= at && source.indexOf(';', reference) < 0) end = reference
    for (let held = 0; held < 2 && end > at && source.charCodeAt(end - 1) === 0x5d; held += 1) end -= 1
    return end
  }

  const give = (part: string): void => {
    run += part.length
    if (run > limits.text)
      throw refused('XML_TOO_LARGE', `a run of text has more than ${limits.text} characters`, {
        limit: limits.text,
      })
    handler.text(part)
  }

  /** Comments, CDATA, and the DOCTYPE, which is refused before anything of it is read. */
  const special = (at: number, final: boolean): number => {
    const opening = source.slice(at, at + longestOpening)
    if (opening.startsWith('<!--')) return comment(at, final)
    if (opening === '<![CDATA[') return characterData(at, final)
    if (opening.toUpperCase() === '<!DOCTYPE')
      throw refused('XML_DOCTYPE_REFUSED', 'a document type declaration is not accepted', {})
    return final || opening.length === longestOpening ? fail('a declaration stands here', at) : -1
  }

  const comment = (at: number, final: boolean): number => {
    const end = source.indexOf('--', at + 4)
    if (end < 0 || end + 2 >= source.length) return final ? fail('a comment does not end', at) : -1
    return source.charCodeAt(end + 2) === 0x3e ? end + 3 : fail('a comment has -- in it', at)
  }

  const characterData = (at: number, final: boolean): number => {
    if (open.length === 0) fail('there is text outside the root', at)
    const end = source.indexOf(']]>', at + longestOpening)
    if (end < 0) return final ? fail('a CDATA section does not end', at) : -1
    give(source.slice(at + longestOpening, end))
    return end + 3
  }

  const instruction = (at: number, final: boolean): number => {
    const end = source.indexOf('?>', at + 2)
    const whole = end < 0 ? source.slice(at) : source.slice(at, end + 2)
    const target = /^<\?([^ \t\n?]*)(?=[ \t\n?])/.exec(whole)?.[1]
    if (target === 'xml' && atStart && at === 0) {
      if (end >= 0 && !declaration.test(whole)) fail('the XML declaration is not one', at)
    } else if (target !== undefined) checkTarget(target, at)
    if (end < 0) return final ? fail('a processing instruction does not end', at) : -1
    return end + 2
  }

  const checkTarget = (target: string, at: number): void => {
    if (limits.instructions !== 'skip')
      throw refused('XML_INSTRUCTION_REFUSED', `processing instruction ${target} is not accepted`, {
        line: lineAt(at),
      })
    if (!isNcName(target) || target.toLowerCase() === 'xml')
      fail('a processing instruction has no name of its own', at)
  }

  const lineAt = (at: number): number => {
    while (newline >= 0 && newline < at) {
      line += 1
      newline = source.indexOf('\n', newline + 1)
    }
    return line
  }

  const columnAt = (at: number): number => {
    const before = at === 0 ? -1 : source.lastIndexOf('\n', at - 1)
    return before < 0 ? column + at : at - before - 1
  }

  const malformed = (what: string, at: number): ToolkitError =>
    refused('XML_MALFORMED', `not well-formed XML: ${what}`, { line: lineAt(at), column: columnAt(at) + 1 })

  const fail = (what: string, at: number): never => {
    throw malformed(what, at)
  }

  return {
    write,
    end() {
      if (withheld !== '' || source !== '') take(withheld, true)
      if (open.length > 0) fail(`<${open[open.length - 1]!.tag.name}> does not end`, 0)
      if (!rootSeen) fail('there is no element', 0)
    },
  }
}

function refused(code: string, message: string, details: Record<string, unknown>): ToolkitError {
  return new ToolkitError(code, message, { details })
}
