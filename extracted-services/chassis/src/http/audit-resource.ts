import type { Express, Request } from 'express'
import { type AuditEntry, isIntact } from '../audit/audit-entry.ts'
import { addResource } from './create-http-app.ts'

/**
 * What was done to something: by whom, when, in which trace, from what to what, and whether that is as it was written.
 * @param path the resource's address
 * @param trailOf throws when there is no such thing
 */
export function addAuditResource(
  app: Express,
  path: string,
  trailOf: (request: Request) => Promise<readonly AuditEntry[]>,
): void {
  addResource(app, path, {
    get: [
      async (request, response) => {
        const entries = await trailOf(request)
        const items = entries.map(({ subject: _subject, ...entry }) => entry)
        response.json({ intact: isIntact(entries), items })
      },
    ],
  })
}
