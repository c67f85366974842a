import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { createLog, type Log } from '@strangler/kit/log.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { ownSecret } from './config/own-secret.ts'
import { openProxy } from './open-proxy.ts'
import type { Generations } from './routing/generations.ts'

/** Names are those of http-proxy-middleware where they mean the same. */
export type StranglerOptions = {
  /** Path of a strangler.yaml. */
  config: string
  /** Which requests are looked at: a path with which they begin, several, or a judgement. All where absent. */
  pathFilter?: string | readonly string[] | ((path: string, request: IncomingMessage) => boolean)
  logger?: Log
  /** Of the admin API; the one in `.strangler` beside the configuration unless given. */
  token?: string
  operatorUrl?: string
}

type Next = (error?: unknown) => void
type ExpressRequest = IncomingMessage & { originalUrl?: string }

/** An express middleware. What no route of the file claims goes on to the next one. */
export type Strangler = {
  (request: ExpressRequest, response: ServerResponse, next: Next): void
  /** For `server.on('upgrade', …)`: every WebSocket goes through the route table. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Health, metrics and the admin API, to be mounted where the application wants them. */
  admin(request: ExpressRequest, response: ServerResponse): void
  generations: Generations
  close(): Promise<void>
}

/**
 * The proxy inside an existing express application, before any parser of bodies.
 * An operation of a claimed SOAP endpoint that no route claims goes to the default upstream of the file.
 * @throws ToolkitError CONFIG_UNREADABLE, CONFIG_INVALID, SECRET_UNREADABLE
 */
export async function strangler(options: StranglerOptions): Promise<Strangler> {
  const engine = await openProxy({
    config: options.config,
    token: options.token ?? (await ownSecret(options.config, 'token')),
    redactionKey: await ownSecret(options.config, 'redaction-key').catch(() => undefined),
    operatorUrl: options.operatorUrl,
    hosts: undefined,
    log: options.logger ?? createLog('strangler'),
  })
  const wanted = readFilter(options.pathFilter)

  function serve(request: ExpressRequest, response: ServerResponse, next: Next): void {
    const mounted = request.url
    // Express takes the mount path off; routes are written as clients ask.
    const url = request.originalUrl ?? mounted ?? ''
    if (!wanted(url, request)) next()
    else if (request.readableDidRead || request.readableEnded) next(bodyTaken())
    else {
      request.url = url
      engine.serve(request, response, false, () => {
        if (mounted !== undefined) request.url = mounted
        next()
      })
    }
  }

  return Object.assign(serve, {
    upgrade: engine.upgrade,
    admin(request: ExpressRequest, response: ServerResponse): void {
      request.url = request.originalUrl ?? request.url ?? ''
      engine.admin(request, response)
    },
    generations: engine.generations,
    async close() {
      engine.retire()
      await engine.close()
    },
  })
}

function readFilter(
  filter: StranglerOptions['pathFilter'],
): (path: string, request: IncomingMessage) => boolean {
  if (filter === undefined) return () => true
  if (typeof filter === 'function') return filter
  const prefixes = typeof filter === 'string' ? [filter] : filter
  return path => prefixes.some(prefix => path.startsWith(prefix))
}

function bodyTaken(): ToolkitError {
  return new ToolkitError('BODY_TAKEN', 'the body of the request has been read before strangler() saw it', {
    hint: 'mount strangler() before express.json() and other parsers: a body that was parsed cannot be sent on as it came',
  })
}
