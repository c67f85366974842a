import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { createElementDecoder, strictRules } from '../codec/decode-element.ts'
import { encodeElement } from '../codec/encode-element.ts'
import { emptyObject, isJsonObject, type Json } from '../codec/json.ts'
import { encodeMessage } from '../codec/message.ts'
import { parseJson } from '../codec/parse-json.ts'
import type { Contract, ElementDeclaration, Message } from '../contract/contract.ts'
import { bodyReaderOf } from '../soap/body-reader.ts'
import { localOf, type QualifiedName } from '../xml/qualified-name.ts'
import type { XmlTag } from '../xml/read-tag.ts'
import { readXml } from '../xml/xml-reader.ts'

export type ConversionTarget = 'json' | 'xml'

/**
 * Converts documents given one a line: `{id, element, xml}` to `{id, element, json}` or back.
 * @returns the answer for a line: the document converted, or `{id, error: {code, message, path}}`
 */
export function createLineConverter(contract: Contract, to: ConversionTarget): (line: string) => string {
  const elements = elementsOf(contract)
  const encoded = encodedMessages(contract)
  const convert = (request: Json) => {
    if (!isJsonObject(request)) throw new ToolkitError('LINE_INVALID', 'the line must be a JSON object')
    const name = request.element
    const element = typeof name === 'string' ? elements.get(name) : undefined
    if (element === undefined)
      throw new ToolkitError(
        'ELEMENT_UNKNOWN',
        `the contract declares no element ${String(name).slice(0, 200)}`,
        {
          details: { path: '/element' },
        },
      )
    const message = encoded.get(element.name)
    if (to === 'xml')
      return {
        element: name,
        xml:
          message === undefined
            ? writeDocument(contract, element, request.json)
            : encodeMessage(message, jsonOf(request), contract),
      }
    if (typeof request.xml !== 'string')
      throw new ToolkitError('LINE_INVALID', 'xml must be a string', { details: { path: '/xml' } })
    return {
      element: name,
      json:
        message === undefined
          ? readDocument(contract, element, request.xml)
          : readEncoded(contract, message, request.xml),
    }
  }
  return line => {
    let id: Json = null
    try {
      const request = parseJson(line)
      if (isJsonObject(request)) id = request.id ?? null
      return JSON.stringify({ id, ...convert(request) })
    } catch (error) {
      return JSON.stringify({ id, error: describe(error) })
    }
  }
}

/** Global elements and the wrappers of rpc messages, by name. */
function elementsOf({ operations, elements }: Contract): Map<QualifiedName, ElementDeclaration> {
  const all = new Map<QualifiedName, ElementDeclaration>()
  for (const { input, output } of operations.values())
    for (const element of [input.element, output?.element])
      if (element !== undefined) all.set(element.name, element)
  for (const [name, element] of elements) all.set(name, element)
  return all
}

/** Messages of the SOAP encoding by the name of their wrapper. */
function encodedMessages({ operations }: Contract): Map<QualifiedName, Message> {
  const messages = [...operations.values()].flatMap(({ input, output }) =>
    output === undefined ? [input] : [input, output],
  )
  return new Map(
    messages.flatMap(message =>
      message.encoded === undefined || message.element === undefined
        ? []
        : [[message.element.name, message] as const],
    ),
  )
}

function readEncoded(contract: Contract, message: Message, xml: string): Json {
  const reader = bodyReaderOf(message, contract, strictRules)!
  let depth = 0
  readXml(xml, {
    open(tag, resolve) {
      if (depth === 0) refuseOtherRoot(tag, message.element!)
      depth += 1
      reader.open(tag, resolve)
    },
    text: text => reader.text(text),
    close(resolve) {
      depth -= 1
      reader.close(resolve)
    },
  })
  return reader.value()
}

function refuseOtherRoot({ qname }: XmlTag, element: ElementDeclaration): void {
  if (qname !== element.name)
    throw new ToolkitError('MESSAGE_INVALID', `the root is ${qname}, not ${element.name}`, {
      details: { path: '' },
    })
}

/** A document whose root is the element. */
function readDocument(contract: Contract, element: ElementDeclaration, xml: string): Json {
  const decoder = createElementDecoder(element, contract, strictRules)
  let depth = 0
  readXml(xml, {
    open(tag, resolve) {
      if (depth === 0) refuseOtherRoot(tag, element)
      depth += 1
      decoder.open(tag, resolve)
    },
    text: text => decoder.text(text),
    close(resolve) {
      depth -= 1
      decoder.close(resolve)
    },
  })
  const value = decoder.value()
  if (element.type.kind === 'complex') return value
  const json = emptyObject()
  json[localOf(element.name)] = value
  return json
}

/** A simple element's value stands under its local name, as in a message. */
function writeDocument(contract: Contract, element: ElementDeclaration, given: Json | undefined): string {
  const json = jsonOf({ json: given })
  const key = localOf(element.name)
  const wrapped = element.type.kind === 'simple' && isJsonObject(json) && Object.keys(json).join() === key
  return encodeElement(element, wrapped ? json[key]! : json, contract)
}

function jsonOf({ json }: { json?: Json | undefined }): Json {
  if (json !== undefined) return json
  throw new ToolkitError('LINE_INVALID', 'json is missing', { details: { path: '/json' } })
}

function describe(error: unknown): { code: string; message: string; path: string } {
  if (!isToolkitError(error))
    return error instanceof RangeError
      ? { code: 'MESSAGE_INVALID', message: 'the document is nested too deep', path: '' }
      : { code: 'INTERNAL', message: messageOf(error), path: '' }
  const { code, message, details } = error
  const problems = details.problems as readonly { path: string; message: string }[] | undefined
  const first = problems?.[0]
  if (first === undefined)
    return { code, message, path: typeof details.path === 'string' ? details.path : '' }
  const path = first.path === '/' ? '' : first.path
  const more = problems!.length === 1 ? '' : ` (and ${problems!.length - 1} more)`
  return { code, message: `${path === '' ? 'the value' : path} ${first.message}${more}`, path }
}
