import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { Server as NetServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Server as TlsServer } from 'node:tls'
import type { Config } from './config/config-schema.ts'

export type EntryHandlers = {
  serve(request: IncomingMessage, response: ServerResponse, expectsContinue?: boolean): void
  upgrade(request: IncomingMessage, socket: Duplex, ahead: Buffer): void
  /** A connection over the limit was closed without an answer. */
  onRefusedConnection(): void
}

/** The listener that clients speak to. */
export type EntryServer = {
  server: Server
  /** Takes another certificate for the connections to come. @throws when it is none */
  renew(certificate: Certificate): void
  /** Follows the limits of a new generation, except for the size of headers, which stays until a restart. */
  use(config: Config): void
  draining(): boolean
  /**
   * Stops accepting, lets what runs end, and cuts the rest after `withinMs`. Every reply from now on closes its
   * connection; an idle connection stays for a moment, because its client may be sending already.
   */
  drain(withinMs: number): Promise<void>
}

const idleGraceMs = 1_000
const sweepMs = 100

/** A certificate chain and its key, as PEM. */
export type Certificate = { cert: string; key: string }

/**
 * @param certificate speaks TLS where given, plain HTTP where not
 * @param workers how many processes share the limit of connections
 */
export function createEntryServer(
  config: Config,
  handlers: EntryHandlers,
  certificate: Certificate | undefined,
  workers = 1,
): EntryServer {
  const upgraded = new Set<Duplex>()
  let draining = false

  const serve = (request: IncomingMessage, response: ServerResponse, expectsContinue = false) => {
    if (draining) response.shouldKeepAlive = false
    handlers.serve(request, response, expectsContinue)
  }
  const settings = {
    maxHeaderSize: config.limits.headerBytes,
    // A body has no total time: its rate is watched, and the upstream's deadline runs from its end.
    requestTimeout: 0,
    // Longer than a load balancer keeps its connections, or it would reuse one that closes.
    keepAliveTimeout: 65_000,
    connectionsCheckingInterval: Math.min(2_000, Math.ceil(config.timeouts.requestHeadersMs / 4)),
    shouldUpgradeCallback: isWebSocket,
  }
  const server =
    certificate === undefined
      ? createServer(settings, serve)
      : createTlsServer(
          {
            ...settings,
            ...certificate,
            minVersion: 'TLSv1.2',
            handshakeTimeout: config.timeouts.requestHeadersMs,
          },
          serve,
        )
  // Node drops headers over this number without a word; the size limits them, and the reader of heads counts them.
  server.maxHeadersCount = 0
  server.on('checkContinue', (request, response) => serve(request, response, true))
  server.on('upgrade', (request, socket, ahead) => {
    upgraded.add(socket)
    socket.on('close', () => upgraded.delete(socket))
    handlers.upgrade(request, socket, ahead)
  })
  server.on('clientError', answerParseError)
  server.on('drop', handlers.onRefusedConnection)
  // Or a full worker would hand the connection back, to be handed to it again.
  Object.assign(server, { dropMaxConnection: workers > 1 })

  function use({ limits, timeouts }: Config): void {
    server.maxConnections = Math.ceil(limits.connections / workers)
    server.headersTimeout = timeouts.requestHeadersMs
  }
  use(config)

  return {
    server,
    renew(next) {
      if (server instanceof TlsServer) server.setSecureContext({ ...next, minVersion: 'TLSv1.2' })
    },
    use,
    draining: () => draining,
    async drain(withinMs) {
      draining = true
      const since = performance.now()
      const sweep = setInterval(() => {
        if (performance.now() - since >= idleGraceMs) server.closeIdleConnections()
      }, sweepMs)
      const cut = setTimeout(() => {
        server.closeAllConnections()
        for (const socket of upgraded) socket.destroy()
      }, withinMs)
      // http's own close would end idle connections at once, with requests already on their way.
      await new Promise<void>(resolve => NetServer.prototype.close.call(server, () => resolve()))
      clearInterval(sweep)
      clearTimeout(cut)
    },
  }
}

/** Only WebSocket is switched to; any other Upgrade, h2c among them, is ignored (RFC 9110 §7.8). */
function isWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket'
}

type ParseError = NodeJS.ErrnoException & { rawPacket?: Buffer }

function answerParseError(error: ParseError, socket: Socket | Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  socket.end(`HTTP/1.1 ${statusOf(error)}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}

function statusOf({ code, rawPacket }: ParseError): string {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout'
  if (code !== 'HPE_HEADER_OVERFLOW') return '400 Bad Request'
  // The parser counts the target as header; without the end of a line in sight it is the target that is long.
  return rawPacket?.subarray(0, 8_192).includes('\n') === false
    ? '414 URI Too Long'
    : '431 Request Header Fields Too Large'
}
