import type { Log } from '@strangler/kit/log.ts'
import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import express, { type ErrorRequestHandler, type Express, type Response } from 'express'
import type { CapabilityState, CapabilityStates } from '../capability-state.ts'
import { ComparisonLedger } from '../comparison/comparison-ledger.ts'
import type { Upstreams } from '../forwarding/upstreams.ts'
import type { Recorder } from '../recording/recorder.ts'
import type { Capability } from '../routing/generation.ts'
import type { Generations } from '../routing/generations.ts'
import { type AdminTokens, refuseBrowsers, requireRole } from './admin-access.ts'
import { drainQuery, holdRequest, readInput, releaseQuery, renewRequest } from './admin-requests.ts'
import { generationRoutes } from './generation-routes.ts'
import { recordingRoutes } from './recording-routes.ts'
import { describeStatus } from './status.ts'

export type AdminParts = {
  tokens: AdminTokens
  /** Names by which the listener is called, besides addresses and localhost; undefined takes any. */
  hosts: readonly string[] | undefined
  file: string
  generations: Generations
  states: CapabilityStates
  recorder: Recorder
  upstreams: Pick<Upstreams, 'breakers' | 'describe'>
  log: Log
}

const bodyLimit = '64kb'

/** HTTP statuses of the error codes that a caller can cause; everything else is a 500. */
const statuses: Record<string, number> = {
  REQUEST_INVALID: 400,
  CAPABILITY_UNKNOWN: 404,
  HOLD_NOT_FOUND: 404,
  EPOCH_STALE: 409,
  EPOCH_MISSING: 422,
  CONFIG_INVALID: 422,
  CONFIG_UNREADABLE: 422,
  GENERATION_UNKNOWN: 404,
  RECORDING_UNKNOWN: 404,
  RECORDING_ACTIVE: 409,
}

/** The admin API: bearer token on every call, JSON in and out. */
export function createAdminApi(parts: AdminParts): Express {
  const { generations, states, log } = parts
  const app = express()
  app.disable('x-powered-by')
  app.use(
    requireRole(parts.tokens, log),
    refuseBrowsers(parts.hosts),
    express.json({ limit: bodyLimit, strict: true }),
  )

  app.get('/admin/status', (_request, response) => {
    response.json(describeStatus(parts))
  })

  app.use(generationRoutes(generations, log))
  app.use(recordingRoutes(parts.recorder, find, log))

  app.post('/admin/holds', (request, response) => {
    const { capability: name, epoch, ...limits } = readInput(holdRequest, request.body)
    const { capability, state } = find(name)
    const wanted = { ...capability.hold, ...definedOf(limits) }
    const begun = state.desk.begin(epoch, wanted)
    log.info({ capability: name, epoch, ...begun }, 'writes are held')
    response.json(begun)
  })

  app.get('/admin/holds/:capability', async (request, response) => {
    const { drainedWithinMs } = readInput(drainQuery, request.query)
    const { state } = find(request.params.capability)
    requireHold(state)
    if (drainedWithinMs > 0) await state.desk.drained(drainedWithinMs, closedSignal(response))
    const { parked, sinceMs } = requireHold(state)
    response.json({ inflight: state.desk.inflight(), parked, sinceMs })
  })

  app.put('/admin/holds/:capability', (request, response) => {
    const { epoch, leaseMs } = readInput(renewRequest, request.body)
    response.json(find(request.params.capability).state.desk.renew(epoch, leaseMs))
  })

  app.delete('/admin/holds/:capability', (request, response) => {
    const { epoch } = readInput(releaseQuery, request.query)
    response.json(find(request.params.capability).state.desk.release(epoch))
  })

  app.get('/admin/comparisons/:capability', (request, response) => {
    const { capability, state } = find(request.params.capability)
    response.json(state.ledger.report(capability.comparison))
  })

  app.delete('/admin/comparisons/:capability', (request, response) => {
    const { capability, state } = find(request.params.capability)
    // Copies on their way keep the ledger they began with: what they saw belongs to the time before.
    state.ledger = new ComparisonLedger(state.name)
    response.json(state.ledger.report(capability.comparison))
  })

  app.use((_request, response) => {
    response.status(404).json({ code: 'NOT_FOUND', message: 'no such resource' })
  })
  app.use(answerError(log))

  function find(name: string): { capability: Capability; state: CapabilityState } {
    const capability = generations.current().capabilities.get(name)
    if (capability === undefined)
      throw new ToolkitError('CAPABILITY_UNKNOWN', `no capability ${name} is configured`)
    return { capability, state: states.of(name) }
  }

  return app
}

function requireHold(state: CapabilityState) {
  const held = state.desk.holding()
  if (held === undefined) throw new ToolkitError('HOLD_NOT_FOUND', `writes of ${state.name} are not held`)
  return held
}

function answerError(log: Log): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    if (isToolkitError(error)) {
      const { problems, ...details } = error.details
      response.status(statuses[error.code] ?? 500).json({
        code: error.code,
        message: error.message,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
        ...(problems === undefined ? {} : { problems }),
        details,
      })
      return
    }
    // Errors of body parsing carry the status that they mean.
    const status = typeof error?.status === 'number' && error.status < 500 ? error.status : 500
    if (status === 500) log.error({ err: error }, 'admin request failed')
    response.status(status).json({
      code: status === 500 ? 'INTERNAL' : 'REQUEST_INVALID',
      message: status === 500 ? 'the proxy failed; its log says how' : messageOf(error),
    })
  }
}

function closedSignal(response: Response): AbortSignal {
  const controller = new AbortController()
  response.on('close', () => controller.abort())
  return controller.signal
}

function definedOf<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}
