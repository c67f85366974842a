import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express'
import { faultAnswer, type SoapAnswer, type SoapEndpoint } from './soap/soap-endpoint.ts'
import { clientFault, internalFault, SoapFault } from './soap/soap-fault.ts'
import type { WsdlDocuments } from './wsdl-documents.ts'

export type ShopAppParts = {
  endpoint: SoapEndpoint
  documents: WsdlDocuments
  /** Whether the database answers. */
  ready(): Promise<boolean>
}

const maxBodyBytes = 1_048_576
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** HTTP around the SOAP endpoint: the contract, health, and a door that lets in only plain UTF-8 XML of bounded size. */
export function buildShopApp({ endpoint, documents, ready }: ShopAppParts): Express {
  const app = express()
  app.disable('x-powered-by')
  app.get('/health/live', (_, response) => {
    response.json({ status: 'ok' })
  })
  app.get('/health/ready', async (_, response) => {
    const ok = await ready()
    response.status(ok ? 200 : 503).json({ status: ok ? 'ok' : 'unavailable' })
  })
  app.get('/soap', (request, response) => sendContract(request, response, documents))
  app.post(
    '/soap',
    refuseOtherMedia,
    express.raw({ type: () => true, limit: maxBodyBytes, inflate: false }),
    async (request, response) => {
      send(response, await endpoint.answer(textOf(request.body), request.get('soapaction') ?? ''))
    },
  )
  app.all('/soap', (_, response) => {
    response.set('Allow', 'GET, POST')
    send(response, faultAnswer(clientFault('send a SOAP request by POST', 405)))
  })
  app.use((_, response) => {
    response.status(404).type('text/plain').send('not found\n')
  })
  app.use(answerFailure)
  return app
}

function sendContract(request: Request, response: Response, documents: WsdlDocuments): void {
  const keys = new Map(
    Object.entries(request.query).map(([key, value]) => [key.toLowerCase(), String(value)]),
  )
  const location = `http://${hostOf(request)}/soap`
  const xsd = keys.get('xsd')
  const text = keys.has('wsdl') ? documents.wsdl(location) : documents.schema(xsd ?? '', location)
  if (text === undefined) response.status(404).type('text/plain').send('ask for /soap?wsdl\n')
  else response.type('text/xml').send(text)
}

/** The Host header ends up in the contract, so it must look like a host and nothing else. */
function hostOf(request: Request): string {
  const host = request.get('host') ?? ''
  if (/^([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?$/.test(host)) return host
  return `${request.socket.localAddress}:${request.socket.localPort}`
}

function refuseOtherMedia(request: Request, _: Response, next: () => void): void {
  const type = request.get('content-type') ?? 'text/xml'
  const [media, ...parameters] = type.split(';').map(part => part.trim().toLowerCase())
  if (media !== 'text/xml' && media !== 'application/xml') throw clientFault('send text/xml', 415)
  const charset = parameters.find(parameter => parameter.startsWith('charset='))
  if (charset !== undefined && !/^charset="?(utf-8|us-ascii)"?$/.test(charset))
    throw clientFault('the request must be encoded in UTF-8', 415)
  next()
}

function textOf(body: unknown): string {
  if (!Buffer.isBuffer(body)) return ''
  try {
    return utf8.decode(body)
  } catch {
    throw clientFault('the request must be encoded in UTF-8')
  }
}

const answerFailure: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
  if (response.headersSent) response.destroy()
  else send(response, faultAnswer(faultOf(error)))
}

/** What the door refuses: our own faults, and those of the body reader by their type. */
function faultOf(error: unknown): SoapFault {
  if (error instanceof SoapFault) return error
  const { type, status } = error as { type?: string; status?: number }
  if (type === 'entity.too.large') return clientFault(`the request is larger than ${maxBodyBytes} bytes`, 413)
  if (type === 'encoding.unsupported') return clientFault('a compressed request is not accepted', 415)
  if (status !== undefined && status >= 400 && status < 500)
    return clientFault('the request could not be read', status)
  return internalFault()
}

function send(response: Response, { status, body }: SoapAnswer): void {
  response.status(status).set('Content-Type', 'text/xml; charset=utf-8').send(body)
}
