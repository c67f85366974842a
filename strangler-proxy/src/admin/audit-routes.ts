import { type Response, Router } from 'express'
import type { AuditLog, Deed } from '../audit/audit-log.ts'
import { auditQuery, readInput } from './admin-requests.ts'

/** Who asked for what, and whether the record is whole. */
export function auditRoutes(audit: AuditLog): Router {
  const router = Router()

  router.get('/admin/audit', async (request, response) => {
    const { limit, verify } = readInput(auditQuery, request.query)
    const entries = await audit.last(limit)
    if (verify === 'false') {
      response.json(entries)
      return
    }
    const broken = await audit.verify()
    response.json({ entries, chain: broken === undefined ? { ok: true } : { ok: false, ...broken } })
  })

  return router
}

/** What goes on record before it is done. Without a name, the role of the token stands for who asks. */
export function deedOf(
  response: Response,
  verb: string,
  { by = '', capability = '', reason = '', details = {} }: Partial<Omit<Deed, 'verb'>> & { by?: string },
): Deed {
  return { operator: by === '' ? String(response.locals.role) : by, verb, capability, reason, details }
}
