import { Server, WSDL } from 'soap'
import { escapeReply, escapeText } from './escape-text.ts'
import { type Arguments, type Message, type Operation, readMessage, type Shape } from './read-message.ts'
import { clientFault, internalFault, SoapFault } from './soap-fault.ts'

export type OperationHandlers = Readonly<
  Record<string, (args: Arguments) => Promise<Record<string, unknown>>>
>

export type SoapAnswer = { status: number; body: string }

export type SoapEndpoint = {
  /** Answers one request; what goes wrong is a fault in the answer, never a rejection. */
  answer(xml: string, action: string): Promise<SoapAnswer>
}

const service = 'ShopService'
const port = 'ShopPort'
const binding = 'ShopBinding'
const answerWithinMs = 30_000

/** node-soap decodes by local name and dispatches by SOAPAction; it is given messages that are read already. */
class ReadMessages extends WSDL {
  override xmlToObject(message: Message): unknown {
    return { Body: { [message.operation]: message.arguments } }
  }
}

/**
 * @param wsdlFile path of the WSDL; its schemas lie beside it
 * @param report is told of errors that nobody foresaw, whose text the caller never sees
 */
export async function createSoapEndpoint(
  wsdlFile: string,
  wsdlText: string,
  handlers: OperationHandlers,
  report: (operation: string, error: unknown) => void,
): Promise<SoapEndpoint> {
  const wsdl = new ReadMessages(wsdlText, wsdlFile, { escapeXML: false })
  await new Promise<void>((resolve, reject) => wsdl.onReady(error => (error ? reject(error) : resolve())))
  // node-soap writes xsi:nil and leaves the prefix unbound.
  wsdl.xmlnsInEnvelope += ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
  const operations = operationsOf(wsdl)
  const methods = Object.entries(handlers).map(([name, run]) => [
    name,
    (args: Arguments, callback: (error: unknown, result?: unknown) => void) => {
      run(args)
        .then(
          result => callback(null, escapeReply(result)),
          (error: unknown) => callback({ Fault: faultElement(toFault(name, error, report)) }),
        )
        .catch((error: unknown) => report(name, error))
    },
  ])
  const services = { [service]: { [port]: Object.fromEntries(methods) } }
  const server = new Server(null, '/soap', services, wsdl, { path: '/soap', services, suppressStack: true })

  return {
    async answer(xml, action) {
      try {
        const message = readMessage(xml, operations)
        refuseOtherAction(message.operation, action)
        return await withinTime(dispatch(server, message))
      } catch (error) {
        return faultAnswer(toFault('(request)', error, report))
      }
    },
  }
}

/** A fault that is sent before any operation runs; it has no detail. */
export function faultAnswer(fault: SoapFault): SoapAnswer {
  return {
    status: fault.status,
    body:
      '<?xml version="1.0" encoding="utf-8"?>' +
      '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>' +
      `<faultcode>soap:${fault.code}</faultcode><faultstring>${escapeText(fault.message)}</faultstring>` +
      '</soap:Fault></soap:Body></soap:Envelope>',
  }
}

/** Route on the Body; an action that names another operation would let a write pass for a read. */
function refuseOtherAction(operation: string, action: string): void {
  const bare = action.trim().replace(/^"(.*)"$/, '$1')
  if (bare !== '' && bare !== `urn:shop:2009#${operation}`)
    throw clientFault('the SOAPAction and the Body name different operations')
}

async function dispatch(server: Server, message: Message): Promise<SoapAnswer> {
  // node-soap hands its first argument to xmlToObject as it is.
  const { statusCode, body } = await server.processRequest(message as unknown as string)
  return { status: statusCode, body }
}

/** A lost database connection or a lock must not keep the caller for ever. */
async function withinTime(answer: Promise<SoapAnswer>): Promise<SoapAnswer> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SoapFault('Server', 'the operation took too long')), answerWithinMs)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

function toFault(
  operation: string,
  error: unknown,
  report: (operation: string, error: unknown) => void,
): SoapFault {
  if (error instanceof SoapFault) return error
  report(operation, error)
  return internalFault()
}

/** A fault as node-soap encodes it; the prefix `com` is bound on the envelope. */
function faultElement(fault: SoapFault) {
  const { detail } = fault
  return {
    faultcode: `soap:${fault.code}`,
    faultstring: escapeText(fault.message),
    ...(detail && { detail: { $xml: detailXml(detail.element, detail.values) } }),
    statusCode: fault.status,
  }
}

/** Written here because node-soap drops the prefix of an element that repeats within a fault. */
function detailXml(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.map(item => detailXml(name, item)).join('')
  const content =
    value !== null && typeof value === 'object'
      ? Object.entries(value)
          .map(([key, child]) => detailXml(key, child))
          .join('')
      : escapeText(String(value))
  return `<com:${name}>${content}</com:${name}>`
}

function operationsOf(wsdl: WSDL): Map<string, Operation> {
  const described = wsdl.describeServices() as Record<
    string,
    Record<string, Record<string, { input: Shape }>>
  >
  const methods = wsdl.definitions.bindings[binding]!.methods
  return new Map(
    Object.entries(described[service]![port]!).map(([name, { input }]) => {
      const { targetNamespace } = methods[name]!.input as unknown as { targetNamespace: string }
      return [name, { namespace: targetNamespace, shape: shapeOf(input) }]
    }),
  )
}

/** node-soap mixes its own notes into what it describes; prototype members must not pass for children. */
function shapeOf(described: Shape): Shape {
  const shape: Record<string, string | Shape> = Object.create(null)
  for (const [child, type] of Object.entries(described))
    if (child !== 'targetNSAlias' && child !== 'targetNamespace')
      shape[child] = typeof type === 'string' ? type : shapeOf(type)
  return shape
}
