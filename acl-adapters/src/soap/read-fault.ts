import { createElementDecoder, type ElementDecoder, replyRules } from '../codec/decode-element.ts'
import { emptyObject } from '../codec/json.ts'
import type { Contract, SoapVersion } from '../contract/contract.ts'
import { localOf, qualifiedName, xmlNamespace } from '../xml/qualified-name.ts'
import type { XmlTag } from '../xml/read-tag.ts'
import type { ResolvePrefix, XmlHandler } from '../xml/xml-reader.ts'
import { codeOf12, type SoapFault } from './soap-fault.ts'
import { envelopeNamespaces, versionOfNamespace } from './soap-version.ts'

export type FaultReader = XmlHandler & { fault(): SoapFault }

/** Takes the events inside a Fault element; detail entries that the contract declares are decoded. */
export function createFaultReader(version: SoapVersion, contract: Contract): FaultReader {
  const path: string[] = []
  const fault: SoapFault & { subcodes: string[]; undeclaredDetail: string[] } = {
    code: 'Server',
    subcodes: [],
    reason: '',
    detail: emptyObject(),
    undeclaredDetail: [],
  }
  let text = ''
  let lang = ''
  let entry: { decoder: ElementDecoder | undefined; name: string; depth: number } | undefined

  const openEntry = (tag: XmlTag, resolve: ResolvePrefix) => {
    const name = qualifiedName(tag.uri, tag.local)
    const element = contract.elements.get(name)
    if (element === undefined) fault.undeclaredDetail.push(name)
    entry = {
      decoder: element === undefined ? undefined : createElementDecoder(element, contract, replyRules),
      name,
      depth: 0,
    }
    entry.decoder?.open(tag, resolve)
  }

  const take = (where: string, resolve: ResolvePrefix) => {
    const value = text.trim()
    switch (where) {
      case 'faultcode':
      case 'Code/Value':
        fault.code = readCode(value, resolve, version)
        break
      case 'faultstring':
        fault.reason = value
        break
      case 'Reason/Text':
        if (fault.reason === '' || lang.startsWith('en')) fault.reason = value
        break
      case 'faultactor':
      case 'Role':
        if (value !== '') fault.actor = value
        break
      case 'Node':
        if (value !== '') fault.node = value
        break
      default:
        if (/^Code(\/Subcode)+\/Value$/.test(where)) fault.subcodes.push(qname(value, resolve))
    }
  }

  return {
    fault: () => fault,
    open(tag, resolve) {
      if (entry !== undefined) {
        entry.depth += 1
        entry.decoder?.open(tag, resolve)
        return
      }
      if (path.length === 1 && (path[0] === 'detail' || path[0] === 'Detail')) {
        openEntry(tag, resolve)
        return
      }
      path.push(tag.local)
      text = ''
      lang = tag.attributes.find(a => a.uri === xmlNamespace && a.local === 'lang')?.value ?? ''
    },
    text(part) {
      if (entry !== undefined) entry.decoder?.text(part)
      else text += part
    },
    close(resolve) {
      if (entry !== undefined) {
        const ended = entry.decoder?.close(resolve) ?? entry.depth === 0
        if (!ended) {
          entry.depth -= 1
          return
        }
        if (entry.decoder !== undefined) fault.detail[localOf(entry.name)] = entry.decoder.value()
        entry = undefined
        return
      }
      take(path.join('/'), resolve)
      path.pop()
      text = ''
    },
  }
}

function readCode(text: string, resolve: ResolvePrefix, version: SoapVersion): string {
  const name = qname(text, resolve)
  const local = localOf(name)
  const own = versionOfNamespace(name.slice(1, name.indexOf('}')))
  if (own === undefined && name.startsWith('{}')) return version === '1.2' ? codeOf12(local) : local
  if (own === undefined) return name
  return name.startsWith(`{${envelopeNamespaces['1.2']}}`) ? codeOf12(local) : local
}

function qname(text: string, resolve: ResolvePrefix): string {
  const colon = text.indexOf(':')
  const prefix = colon < 0 ? '' : text.slice(0, colon)
  // An unprefixed faultcode is common, and means no namespace whatever the default one is.
  const namespace = prefix === '' ? '' : (resolve(prefix) ?? '')
  return qualifiedName(namespace, text.slice(colon + 1))
}
