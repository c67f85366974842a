import { isIntact } from '@strangler/chassis/audit/audit-entry.ts'
import { addResource } from '@strangler/chassis/http/create-http-app.ts'
import type { Express } from 'express'
import { customerNotFound } from '../application/change-customers.ts'
import type { CustomersRepository } from '../application/customers-repository.ts'
import { customerIdIn } from './customer-resources.ts'

/** What was done to a customer: by whom, when, in which trace, from what to what, and whether that is as it was written. */
export function addAuditResource(app: Express, customers: CustomersRepository): void {
  addResource(app, '/customers/:id/audit', {
    get: [
      async (request, response) => {
        const id = customerIdIn(request)
        const entries = await customers.auditTrail(id)
        if (entries.length === 0 && (await customers.find(id)) === undefined) throw customerNotFound(id)
        const items = entries.map(({ subject: _subject, ...entry }) => entry)
        response.json({ intact: isIntact(entries), items })
      },
    ],
  })
}
