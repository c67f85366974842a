import type { Action } from '@strangler/chassis/audit/audit-entry.ts'
import type { ProductAction } from './catalog-repository.ts'

/** What the audit trail calls a product. */
export function auditSubject(sku: string): string {
  return `product-${sku}`
}

/** Nobody has told this service who calls: that is the gateway's business, and the trace leads there. */
export function auditAction({ sku, action, changes, at }: ProductAction, traceparent: string): Action {
  return { subject: auditSubject(sku), action, actor: 'http', traceparent, changes, at }
}
