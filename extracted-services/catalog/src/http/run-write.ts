import { traceOf } from '@strangler/chassis/http/request-log.ts'
import {
  type Answer,
  answerOnce,
  hashRequest,
  readIdempotencyKey,
} from '@strangler/chassis/idempotency/answer-once.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import { formatTraceparent } from '@strangler/kit/trace-context.ts'
import type { Request, Response } from 'express'
import type { CatalogRepository, CatalogWriter } from '../application/catalog-repository.ts'
import { instantOf } from '../domain/product.ts'

export type RunWrite = ReturnType<typeof createRunWrite>

/** Runs a request's write in a transaction; as a rehearsal, and says so, when the caller asks for one. */
export function createRunWrite(catalog: CatalogRepository, clock: Clock) {
  return async <T>(
    request: Request,
    response: Response,
    work: (writer: CatalogWriter, at: string) => Promise<T>,
  ): Promise<T> => {
    const rehearsal = request.get('strangler-rehearsal') === '1'
    const traceparent = formatTraceparent(traceOf(response))
    const at = instantOf(clock.now())
    const result = await catalog.write(writer => work(writer, at), { rehearsal, traceparent })
    if (rehearsal) response.set('strangler-rehearsal', 'done')
    return result
  }
}

/** The same for a request that may come with an Idempotency-Key: what it was answered is answered again. */
export async function answerWrite(
  run: RunWrite,
  request: Request,
  response: Response,
  work: (writer: CatalogWriter, at: string) => Promise<Answer>,
): Promise<void> {
  const key = readIdempotencyKey(request.get('idempotency-key'))
  const hash = hashRequest(request.method, request.path, request.body)
  const answer = await run(request, response, (writer, at) =>
    answerOnce(writer.idempotency, key, hash, () => work(writer, at)),
  )
  response.status(answer.status).set(answer.headers).json(answer.body)
}
