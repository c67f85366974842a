import type { Log } from '@strangler/kit/log.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { Router } from 'express'
import type { AuditLog } from '../audit/audit-log.ts'
import type { GenerationEntry } from '../routing/generation-history.ts'
import type { Generations } from '../routing/generations.ts'
import {
  generationNumber,
  generationRequest,
  historyQuery,
  readInput,
  revertRequest,
} from './admin-requests.ts'
import { deedOf } from './audit-routes.ts'

/** Toggling, its history, and the way back. */
export function generationRoutes(generations: Generations, audit: AuditLog, log: Log): Router {
  const router = Router()

  router.get('/admin/generations', (request, response) => {
    const { limit } = readInput(historyQuery, request.query)
    const entries = generations.history().slice(-limit).reverse()
    response.json({ generation: generations.current().number, generations: entries.map(described) })
  })

  router.get('/admin/generations/:number', (request, response) => {
    const { number } = readInput(generationNumber, request.params)
    const entry = generations.history().find(one => one.number === number)
    if (entry === undefined)
      throw new ToolkitError('GENERATION_UNKNOWN', `generation ${number} is not in the history`)
    response.json({ ...described(entry), text: entry.text })
  })

  router.post('/admin/generations', async (request, response) => {
    const { changes, by, reason } = readInput(generationRequest, request.body)
    const before = generations.current().number
    const capability = [...new Set(changes.map(change => change.capability))].join(', ')
    await audit.append(deedOf(response, 'change', { by, capability, reason, details: { changes } }))
    const { number, hash } = await generations.change(changes, { by, reason })
    if (number !== before) log.info({ generation: number, hash, by, reason, changes }, 'generation swapped')
    response.json({ generation: number, hash })
  })

  router.post('/admin/generations/:number/revert', async (request, response) => {
    const { number: to } = readInput(generationNumber, request.params)
    const { by, reason } = readInput(revertRequest, request.body ?? {})
    await audit.append(deedOf(response, 'revert', { by, reason, details: { to } }))
    const { number, hash } = await generations.revert(to, {
      by,
      reason: reason || `back to generation ${to}`,
    })
    log.info({ generation: number, hash, by, reason, to }, 'generation reverted')
    response.json({ generation: number, hash })
  })

  router.post('/admin/reload', async (_request, response) => {
    await audit.append(deedOf(response, 'reload', {}))
    const { number, hash } = await generations.reload({ by: 'admin', reason: 'reload' })
    response.json({ generation: number, hash })
  })

  return router
}

function described({ number, at, by, reason, hash, changes }: GenerationEntry) {
  return { number, at, by, reason, hash, changes }
}
