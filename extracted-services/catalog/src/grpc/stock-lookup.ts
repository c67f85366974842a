import {
  type Deadline,
  type handleUnaryCall,
  type ServerUnaryCall,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { isDatabaseUnavailable } from '@strangler/chassis/database/database-error.ts'
import { spanLine } from '@strangler/chassis/telemetry/span-line.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import type { Log } from '@strangler/kit/log.ts'
import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { childSpan, parseTraceparent } from '@strangler/kit/trace-context.ts'
import { Histogram, type Registry } from 'prom-client'
import type { CatalogRepository } from '../application/catalog-repository.ts'
import { productNotFound } from '../application/change-products.ts'
import { skuProblem } from '../domain/product-rules.ts'
import { protoFile } from '../proto-file.ts'

export type GetStockRequest = { sku: string }
export type GetStockReply = { sku: string; quantity: number }

export type StockLookupParts = {
  catalog: Pick<CatalogRepository, 'find'>
  clock: Clock
  log: Log
  metrics: Registry
}

/** However much time a caller gives: nobody waits longer than this for one number. */
const longestMs = 5_000

/** `shop.catalog.v1.StockLookup` as the .proto file has it. */
export const stockLookupDefinition = loadSync(protoFile)['shop.catalog.v1.StockLookup'] as ServiceDefinition

/** How the errors of a lookup are answered; what nobody foresaw says nothing of itself. */
const codes: Readonly<Record<string, status>> = {
  PRODUCT_NOT_FOUND: status.NOT_FOUND,
  DEADLINE_MISSING: status.INVALID_ARGUMENT,
  DEADLINE_OVER: status.DEADLINE_EXCEEDED,
}

/**
 * The gRPC face. A call without a deadline is refused: gRPC has none unless the caller sets one, and then a caller
 * hangs for as long as whatever it asks does.
 */
export function createStockLookup(parts: StockLookupParts): {
  GetStock: handleUnaryCall<GetStockRequest, GetStockReply>
} {
  const { log, metrics, clock } = parts
  const durations = new Histogram({
    name: 'strangler_grpc_request_duration_seconds',
    help: 'Time from the arrival of a gRPC call to its answer',
    labelNames: ['method', 'code'] as const,
    registers: [metrics],
  })
  return {
    GetStock: (call, answer) => {
      const began = clock.elapsed()
      const ended = (error?: unknown) => {
        const code = codeOf(error)
        const ms = clock.elapsed() - began
        durations.observe({ method: 'GetStock', code: status[code] }, ms / 1000)
        const caller = parseTraceparent(traceparentOf(call))
        const line = {
          ...spanLine('request', 'gRPC GetStock', childSpan(caller), caller, ms),
          rpc: 'GetStock',
          code: status[code],
        }
        if (code === status.INTERNAL) log.error({ ...line, error: messageOf(error) }, 'call')
        else log.info(line, 'call')
        return code
      }
      getStock(parts, call).then(
        reply => {
          ended()
          answer(null, reply)
        },
        (error: unknown) => answer(statusError(ended(error), error)),
      )
    },
  }
}

async function getStock(
  { catalog, clock }: StockLookupParts,
  call: ServerUnaryCall<GetStockRequest, GetStockReply>,
): Promise<GetStockReply> {
  const leftMs = msUntil(call.getDeadline(), clock.now())
  if (leftMs === Number.POSITIVE_INFINITY)
    throw new ToolkitError('DEADLINE_MISSING', 'set a deadline: this service takes no call without one')
  const { sku } = call.request
  if (skuProblem(sku) !== undefined) throw productNotFound(sku)
  const product = await inTime(catalog.find(sku), Math.min(leftMs, longestMs), clock)
  if (product === undefined) throw productNotFound(sku)
  return { sku, quantity: product.stock }
}

async function inTime<T>(answer: Promise<T>, ms: number, clock: Clock): Promise<T> {
  const over = new AbortController()
  const late = clock.sleep(Math.max(0, ms), over.signal).then(() => {
    throw new ToolkitError('DEADLINE_OVER', 'the deadline is over')
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    late.catch(() => {})
    over.abort()
  }
}

function msUntil(deadline: Deadline, now: number): number {
  return (deadline instanceof Date ? deadline.getTime() : deadline) - now
}

function codeOf(error: unknown): status {
  if (error === undefined) return status.OK
  if (isToolkitError(error)) return codes[error.code] ?? status.INTERNAL
  return isDatabaseUnavailable(error) ? status.UNAVAILABLE : status.INTERNAL
}

function statusError(code: status, error: unknown): Partial<ServiceError> {
  if (isToolkitError(error) && code !== status.INTERNAL) return { code, details: error.message }
  return { code, details: code === status.UNAVAILABLE ? 'the database does not answer' : 'internal error' }
}

function traceparentOf(call: ServerUnaryCall<GetStockRequest, GetStockReply>): string | undefined {
  const [value] = call.metadata.get('traceparent')
  return typeof value === 'string' ? value : undefined
}
