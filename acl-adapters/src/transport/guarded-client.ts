import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Json } from '../codec/json.ts'
import type { Operation } from '../contract/contract.ts'
import type { SoapClient, SoapOutcome } from '../soap/soap-client.ts'
import { type CallGuard, createCallGuard } from './call-guard.ts'
import type { CallLimits } from './call-limits.ts'
import type { OutcomeEntry, OutcomeTable } from './outcome-table.ts'

export type GuardedClientParts = {
  client: SoapClient
  /** Operations declared to read only. Every other one is sent once, whatever its name. */
  reads: ReadonlySet<string>
  limits: CallLimits
  outcomes: OutcomeTable
}

/** After these nothing has reached the upstream. */
const notSent = new Set([
  'UPSTREAM_UNREACHABLE',
  'UPSTREAM_BUSY',
  'UPSTREAM_OPEN',
  'VALUE_REFUSED',
  'OPERATION_UNSUPPORTED',
  'CONSTRUCT_UNSUPPORTED',
])

/**
 * A SOAP client that keeps each operation to its share, repeats declared reads and nothing else, and sends a write
 * with an Idempotency-Key once: a second call with the key gets the first one's outcome.
 */
export function createGuardedClient({ client, reads, limits, outcomes }: GuardedClientParts): SoapClient {
  const guards = new Map<string, CallGuard>()
  const running = new Map<string, Promise<SoapOutcome>>()

  const guardOf = ({ name }: Operation): CallGuard => {
    let guard = guards.get(name)
    if (guard === undefined) {
      guard = createCallGuard(name, limits)
      guards.set(name, guard)
    }
    return guard
  }

  const write = async (
    entry: OutcomeEntry,
    operation: Operation,
    input: Json,
    headers: Record<string, string>,
  ): Promise<SoapOutcome> => {
    try {
      const outcome = await guardOf(operation).once(left => {
        // Its caller has been told of the timeout by now, and must not be surprised by a write that begins later.
        if (limits.lateMs - left >= limits.timeoutMs)
          throw new ToolkitError('UPSTREAM_BUSY', `${operation.name} found no free place in time`)
        return client.call(operation, input, headers, left)
      }, limits.lateMs)
      const { headers: _headers, ...answer } = outcome
      outcomes.settle(entry, { kind: 'answered', answer: answer as unknown as Json })
      return outcome
    } catch (error) {
      if (isToolkitError(error) && notSent.has(error.code)) outcomes.forget(entry)
      else outcomes.settle(entry, { kind: 'unknown', reason: messageOf(error) })
      throw named(error, entry)
    }
  }

  const writeOnce = async (
    key: string,
    operation: Operation,
    input: Json,
    headers: Record<string, string>,
  ): Promise<SoapOutcome> => {
    if (!/^[\x21-\x7e]{1,255}$/.test(key))
      throw new ToolkitError('BAD_REQUEST', 'the Idempotency-Key must be 1 to 255 printable characters')
    const { entry, begun } = await outcomes.begin(key, `${operation.name} ${JSON.stringify(input)}`)
    if (begun) {
      const call = write(entry, operation, input, headers)
      running.set(entry.key, call)
      // The caller may have been told of a timeout by then; the outcome is in the table.
      call.catch(() => {}).finally(() => running.delete(entry.key))
      return await within(limits.timeoutMs, call, entry)
    }
    const underway = running.get(entry.key)
    if (underway !== undefined) return replayed(await within(limits.timeoutMs, underway, entry))
    if (entry.state.kind === 'answered')
      return replayed({ ...(entry.state.answer as unknown as SoapOutcome), headers: {} })
    throw new ToolkitError('OUTCOME_UNKNOWN', `${operation.name} was sent, and its outcome is not known`, {
      details: { operationId: entry.operationId },
    })
  }

  return {
    call(operation, input, headers) {
      const call = (left: number) => client.call(operation, input, headers, left)
      if (reads.has(operation.name)) return guardOf(operation).repeatedly(call, limits.timeoutMs)
      const key = headers['idempotency-key']
      if (key === undefined) return guardOf(operation).once(call, limits.timeoutMs)
      return writeOnce(key, operation, input, headers)
    },
    // An outcome that is kept for its key has to be whole.
    async stream(operation, input, headers) {
      const isRead = reads.has(operation.name)
      if (!isRead && headers['idempotency-key'] !== undefined) return this.call(operation, input, headers)
      const guard = guardOf(operation)
      const call = (left: number) => client.stream(operation, input, headers, left)
      return isRead ? guard.repeatedly(call, limits.timeoutMs) : guard.once(call, limits.timeoutMs)
    },
  }
}

function replayed(outcome: SoapOutcome): SoapOutcome {
  return { ...outcome, headers: { ...outcome.headers, 'idempotency-replayed': 'true' } }
}

async function within<T>(timeoutMs: number, call: Promise<T>, entry: OutcomeEntry): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const message = `the upstream has not answered within ${timeoutMs} ms`
      reject(
        new ToolkitError('UPSTREAM_TIMEOUT', message, {
          details: { totalMs: timeoutMs, operationId: entry.operationId },
        }),
      )
    }, timeoutMs)
  })
  try {
    return await Promise.race([call, timeout])
  } finally {
    clearTimeout(timer)
  }
}

/** The error with the write's name for its caller. */
function named(error: unknown, { operationId }: OutcomeEntry): unknown {
  if (!isToolkitError(error)) return error
  const { code, message, details, cause } = error
  return new ToolkitError(code, message, { details: { ...details, operationId }, cause })
}
