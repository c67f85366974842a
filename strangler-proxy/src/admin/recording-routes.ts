import type { Log } from '@strangler/kit/log.ts'
import { Router } from 'express'
import type { Workers } from '../workers/workers.ts'
import { readInput, recordingRequest } from './admin-requests.ts'

/** Starting, watching and stopping a recording of requests. */
export function recordingRoutes(
  workers: Workers,
  requireCapability: (name: string) => void,
  log: Log,
): Router {
  const router = Router()

  router.get('/admin/recordings', async (_request, response) => {
    response.json({ recordings: await workers.recordings() })
  })

  router.post('/admin/recordings', async (request, response) => {
    const { by, reason, ...order } = readInput(recordingRequest, request.body ?? {})
    if (order.capability !== undefined) requireCapability(order.capability)
    const begun = await workers.startRecording({ ...order, by, reason })
    log.info({ recording: begun.id, by, reason, ...order }, 'recording started')
    response.status(201).json(begun)
  })

  router.delete('/admin/recordings/:id', async (request, response) => {
    const ended = await workers.stopRecording(request.params.id)
    log.info({ recording: ended.id, recorded: ended.recorded, skipped: ended.skipped }, 'recording stopped')
    response.json(ended)
  })

  return router
}
