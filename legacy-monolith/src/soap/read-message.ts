import { parseXml, type XmlElement } from './parse-xml.ts'
import { clientFault, SoapFault } from './soap-fault.ts'

/** What an operation may be sent, as the WSDL has it: child name → type name, or → shape; `name[]` may repeat. */
export type Shape = { readonly [child: string]: string | Shape }

export type Operation = { namespace: string; shape: Shape }

export type Argument = string | null | Arguments | readonly Arguments[]

/** Texts as sent, `null` for nil, absent when absent. */
export type Arguments = { readonly [name: string]: Argument }

export type Message = { operation: string; arguments: Arguments }

const envelopeNamespace = 'http://schemas.xmlsoap.org/soap/envelope/'
const xsiNamespace = 'http://www.w3.org/2001/XMLSchema-instance'
const nextActor = 'http://schemas.xmlsoap.org/soap/actor/next'

/**
 * Reads a SOAP 1.1 request by namespace, whatever its prefixes are.
 * @throws SoapFault Client, VersionMismatch, MustUnderstand
 */
export function readMessage(xml: string, operations: ReadonlyMap<string, Operation>): Message {
  const envelope = parseXml(xml)
  if (envelope.name === 'Envelope' && envelope.namespace !== envelopeNamespace)
    throw new SoapFault('VersionMismatch', 'this service speaks SOAP 1.1')
  if (envelope.name !== 'Envelope') throw clientFault('the request is not a SOAP envelope')
  const [first, second, ...rest] = envelope.children
  const header = first !== undefined && isSoap(first, 'Header') ? first : undefined
  const body = header === undefined ? first : second
  if (body === undefined || !isSoap(body, 'Body')) throw clientFault('the envelope has no Body')
  if (rest.length > 0 || (header === undefined && second !== undefined))
    throw clientFault('nothing may follow the Body')
  header?.children.forEach(refuseIfMandatory)

  const [request, ...others] = body.children
  if (request === undefined || others.length > 0) throw clientFault('the Body must hold exactly one element')
  const operation = operations.get(request.name)
  if (operation === undefined || operation.namespace !== request.namespace)
    throw clientFault('this service has no such operation')
  return { operation: request.name, arguments: readArguments(request, operation.namespace, operation.shape) }
}

function isSoap(element: XmlElement, name: string): boolean {
  return element.namespace === envelopeNamespace && element.name === name
}

/** SOAP 1.1 §4.2.3: a header that must be understood and is not fails the whole request. */
function refuseIfMandatory(header: XmlElement): void {
  const actor = header.attributes.get(`{${envelopeNamespace}}actor`)
  const mandatory = header.attributes.get(`{${envelopeNamespace}}mustUnderstand`)
  if (mandatory === '1' && (actor === undefined || actor === '' || actor === nextActor))
    throw new SoapFault('MustUnderstand', 'a header that must be understood is not known here')
}

function readArguments(element: XmlElement, namespace: string, shape: Shape): Arguments {
  if (element.text.trim() !== '') throw clientFault(`${element.name} may not hold text`)
  const read: Record<string, Argument> = Object.create(null)
  for (const child of element.children) {
    const list = `${child.name}[]`
    const type = own(shape, child.name) ?? own(shape, list)
    if (type === undefined || child.namespace !== namespace)
      throw clientFault(`${element.name} has an element that is not part of it`)
    const value = readValue(child, namespace, type)
    if (Object.hasOwn(shape, list))
      read[child.name] = [
        ...((read[child.name] as readonly Arguments[] | undefined) ?? []),
        value as Arguments,
      ]
    else if (Object.hasOwn(read, child.name)) throw clientFault(`${child.name} is given more than once`)
    else read[child.name] = value
  }
  return read
}

/** Members of the prototype are no children. */
function own(shape: Shape, name: string): string | Shape | undefined {
  return Object.hasOwn(shape, name) ? shape[name] : undefined
}

function readValue(element: XmlElement, namespace: string, type: string | Shape): string | null | Arguments {
  if (typeof type !== 'string') return readArguments(element, namespace, type)
  if (element.children.length > 0) throw clientFault(`${element.name} may hold nothing but text`)
  const nil = element.attributes.get(`{${xsiNamespace}}nil`)?.trim()
  return nil === 'true' || nil === '1' ? null : element.text
}
