import type { Clock } from '@strangler/kit/clock.ts'
import { errorAnswer } from '@strangler/kit/error-answer.ts'
import type { Log } from '@strangler/kit/log.ts'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import express, { type ErrorRequestHandler, type Express, type Response } from 'express'
import type { AuditLog } from '../audit/audit-log.ts'
import { ComparisonLedger } from '../comparison/comparison-ledger.ts'
import type { ServiceRegistry } from '../discovery/service-registry.ts'
import { holdReport } from '../holding/hold-desk.ts'
import type { Capability } from '../routing/generation.ts'
import type { Generations } from '../routing/generations.ts'
import type { Workers } from '../workers/workers.ts'
import { type AdminTokens, refuseBrowsers, requireRole } from './admin-access.ts'
import { drainQuery, holdRequest, readInput, releaseQuery, renewRequest } from './admin-requests.ts'
import { auditRoutes, deedOf } from './audit-routes.ts'
import { generationRoutes } from './generation-routes.ts'
import { openApiDocument } from './open-api-document.ts'
import { recordingRoutes } from './recording-routes.ts'
import { serviceRoutes } from './service-routes.ts'
import { describeStatus } from './status.ts'

export type AdminParts = {
  tokens: AdminTokens
  /** Names by which the listener is called, besides addresses and localhost; undefined takes any. */
  hosts: readonly string[] | undefined
  file: string
  generations: Generations
  workers: Workers
  services: ServiceRegistry
  audit: AuditLog
  clock: Clock
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
  WORKER_SILENT: 503,
  REGISTRY_FULL: 429,
}

/** The admin API: bearer token on every call, JSON in and out. */
export function createAdminApi(parts: AdminParts): Express {
  const { generations, workers, audit, log } = parts
  const app = express()
  app.disable('x-powered-by')
  app.use(requireRole(parts), refuseBrowsers(parts.hosts), express.json({ limit: bodyLimit, strict: true }))

  app.get('/admin/status', async (_request, response) => {
    response.json(describeStatus(parts.file, generations, await workers.report()))
  })

  app.get('/admin/openapi.json', (_request, response) => {
    response.json(openApiDocument())
  })

  app.use(generationRoutes(generations, audit, log))
  app.use(recordingRoutes(workers, find, audit, log))
  app.use(serviceRoutes(parts.services, generations.current))
  app.use(auditRoutes(audit))

  app.post('/admin/holds', async (request, response) => {
    const { capability: name, epoch, ...limits } = readInput(holdRequest, request.body)
    const wanted = { ...find(name).hold, ...definedOf(limits) }
    await audit.append(deedOf(response, 'hold', { capability: name, details: { epoch, ...limits } }))
    const begun = await workers.beginHold({ capability: name, epoch, limits: wanted })
    log.info({ capability: name, epoch, ...begun }, 'writes are held')
    response.json(begun)
  })

  app.get('/admin/holds/:capability', async (request, response) => {
    const { drainedWithinMs } = readInput(drainQuery, request.query)
    const { name } = find(request.params.capability)
    response.json(await workers.drained(name, drainedWithinMs, closedSignal(response)))
  })

  app.put('/admin/holds/:capability', async (request, response) => {
    const { epoch, leaseMs } = readInput(renewRequest, request.body)
    response.json(await workers.renewHold(find(request.params.capability).name, epoch, leaseMs))
  })

  app.delete('/admin/holds/:capability', async (request, response) => {
    const { epoch } = readInput(releaseQuery, request.query)
    const { name } = find(request.params.capability)
    // Writes that wait are let go whether or not the disk is full.
    const noted = audit.append(deedOf(response, 'release', { capability: name, details: { epoch } }))
    noted.catch(error => log.error({ cause: messageOf(error) }, 'a release is not on record'))
    response.json(holdReport(await workers.releaseHold(name, epoch)))
  })

  app.get('/admin/comparisons/:capability', async (request, response) => {
    const { name, comparison } = find(request.params.capability)
    const { capabilities } = await workers.report()
    const ledger = new ComparisonLedger(name)
    if (capabilities[name] !== undefined) ledger.add(capabilities[name].ledger)
    response.json(ledger.report(comparison))
  })

  app.delete('/admin/comparisons/:capability', async (request, response) => {
    const { name, comparison } = find(request.params.capability)
    await audit.append(deedOf(response, 'reset-comparison', { capability: name }))
    await workers.resetComparison(name)
    response.json(new ComparisonLedger(name).report(comparison))
  })

  app.use((_request, response) => {
    response.status(404).json({ code: 'NOT_FOUND', message: 'no such resource' })
  })
  app.use(answerError(log))

  function find(name: string): Capability {
    const capability = generations.current().capabilities.get(name)
    if (capability === undefined)
      throw new ToolkitError('CAPABILITY_UNKNOWN', `no capability ${name} is configured`)
    return capability
  }

  return app
}

function answerError(log: Log): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    const { status, body, unforeseen } = errorAnswer(error, statuses, 'the proxy')
    if (unforeseen) log.error({ err: error }, 'admin request failed')
    response.status(status).json(body)
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
