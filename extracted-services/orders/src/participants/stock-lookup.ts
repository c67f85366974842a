import { fileURLToPath } from 'node:url'
import {
  type Client,
  credentials,
  Metadata,
  makeGenericClientConstructor,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import type { Caller } from '@strangler/chassis/calls/capability-client.ts'
import { spanLine } from '@strangler/chassis/telemetry/span-line.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { childSpan, formatTraceparent } from '@strangler/kit/trace-context.ts'
import { circuitBreaker, fallback, handleAll, SamplingBreaker, wrap } from 'cockatiel'

export type StockLookup = {
  /** What can still be reserved of a product; undefined when nobody can say in time. Never throws. */
  quantityOf(sku: string, caller: Caller): Promise<number | undefined>
  close(): void
}

export type StockLookupParts = {
  /** Resolves with `host:port`. */
  findAddress(): Promise<string>
  clock: Clock
  log: Log
  /** How long one lookup may take, in ms: it only spares work, so it is not worth waiting for. */
  withinMs?: number
}

type Reply = { sku: string; quantity: number }
type GetStock = (
  request: { sku: string },
  metadata: Metadata,
  options: { deadline: number },
  answer: (error: ServiceError | null, reply: Reply) => void,
) => { cancel(): void }

const protoFile = fileURLToPath(new URL('../../proto/stock-lookup.proto', import.meta.url))
const definition = loadSync(protoFile)['shop.catalog.v1.StockLookup'] as ServiceDefinition
const StockClient = makeGenericClientConstructor(definition, 'StockLookup')

/**
 * Stock over gRPC. Each call has a deadline, and all of them a breaker that opens when half of at least 20 in 10 s
 * failed. Whatever goes wrong, the answer is the fallback: not known.
 */
export function createStockLookup(parts: StockLookupParts): StockLookup {
  const { findAddress, clock, log, withinMs = 250 } = parts
  const clients = new Map<string, Client>()
  const breaker = circuitBreaker(handleAll, {
    halfOpenAfter: 10_000,
    breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 2 }),
  })
  breaker.onBreak(() => log.warn({ capability: 'catalog-grpc' }, 'circuit open'))
  const policy = wrap(fallback(handleAll, undefined), breaker)

  function clientFor(address: string): Client {
    const known = clients.get(address)
    if (known !== undefined) return known
    const client = new StockClient(address, credentials.createInsecure())
    clients.set(address, client)
    return client
  }

  async function getStock(sku: string, { trace, signal }: Caller): Promise<number | undefined> {
    const client = clientFor(await findAddress())
    const span = childSpan(trace)
    const began = clock.elapsed()
    const told = (code: status) => {
      const ms = clock.elapsed() - began
      log.info({ ...spanLine('call', 'gRPC GetStock', span, trace, ms), code: status[code] }, 'call')
    }
    const metadata = new Metadata()
    metadata.set('traceparent', formatTraceparent(span))
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
    const call = (client as unknown as { GetStock: GetStock }).GetStock(
      { sku },
      metadata,
      { deadline: clock.now() + withinMs },
      (error, reply) => {
        told(error?.code ?? status.OK)
        if (error === null) resolve(reply.quantity)
        // No such product is an answer; whoever asks for its price is told so there.
        else if (error.code === status.NOT_FOUND) resolve(undefined)
        else reject(error)
      },
    )
    const giveUp = () => call.cancel()
    signal.addEventListener('abort', giveUp, { once: true })
    return promise.finally(() => signal.removeEventListener('abort', giveUp))
  }

  return {
    quantityOf: (sku, caller) =>
      policy.execute(() =>
        getStock(sku, caller).catch((error: unknown) => {
          log.warn({ sku, error: messageOf(error) }, 'stock not looked up')
          throw error
        }),
      ),
    close: () => {
      for (const client of clients.values()) client.close()
    },
  }
}
