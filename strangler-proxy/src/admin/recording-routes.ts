import type { Log } from '@strangler/kit/log.ts'
import { Router } from 'express'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Workers } from '../workers/workers.ts'
import { readInput, recordingRequest } from './admin-requests.ts'
import { deedOf } from './audit-routes.ts'

/** Starting, watching and stopping a recording of requests. */
export function recordingRoutes(
  workers: Workers,
  requireCapability: (name: string) => void,
  audit: AuditLog,
  log: Log,
): Router {
  const router = Router()

  router.get('/admin/recordings', async (_request, response) => {
    response.json({ recordings: await workers.recordings() })
  })

  router.post('/admin/recordings', async (request, response) => {
    const { by, reason, ...order } = readInput(recordingRequest, request.body ?? {})
    if (order.capability !== undefined) requireCapability(order.capability)
    const { capability = '', ...details } = order
    await audit.append(deedOf(response, 'record', { by, capability, reason, details }))
    const begun = await workers.startRecording({ ...order, by, reason })
    log.info({ recording: begun.id, by, reason, ...order }, 'recording started')
    response.status(201).json(begun)
  })

  router.delete('/admin/recordings/:id', async (request, response) => {
    await audit.append(deedOf(response, 'stop-recording', { details: { id: request.params.id } }))
    const ended = await workers.stopRecording(request.params.id)
    log.info({ recording: ended.id, recorded: ended.recorded, skipped: ended.skipped }, 'recording stopped')
    response.json(ended)
  })

  return router
}
