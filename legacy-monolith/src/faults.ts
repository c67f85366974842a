import { decimalOf } from './legacy-values.ts'
import { SoapFault } from './soap/soap-fault.ts'

/** The typed faults of common.xsd. */

export type Violation = { field: string; reason: 'REQUIRED' | 'TOO_LONG' | 'INVALID' | 'NEGATIVE' }

export function customerNotFound(custNo: number): SoapFault {
  return typed(`customer ${custNo} not found`, 'CustomerNotFound', { custNo })
}

export function productNotFound(sku: string): SoapFault {
  return typed(`product ${sku} not found`, 'ProductNotFound', { sku })
}

export function orderNotFound(orderNo: number): SoapFault {
  return typed(`order ${orderNo} not found`, 'OrderNotFound', { orderNo })
}

export function validationFault(violations: readonly Violation[]): SoapFault {
  const summary = violations.map(({ field, reason }) => `${field} ${reason}`).join(', ')
  return typed(`validation failed: ${summary}`, 'ValidationFault', { violation: violations })
}

/** @throws SoapFault ValidationFault unless the list is empty */
export function refuseViolations(violations: readonly Violation[]): void {
  if (violations.length > 0) throw validationFault(violations)
}

/** All amounts in cents. */
export function creditExceeded(custNo: number, limit: number, open: number, requested: number): SoapFault {
  return typed(`credit limit of customer ${custNo} exceeded`, 'CreditExceeded', {
    custNo,
    limit: decimalOf(limit),
    open: decimalOf(open),
    requested: decimalOf(requested),
  })
}

export function outOfStock(sku: string, available: number, requested: number): SoapFault {
  return typed(`product ${sku} is out of stock`, 'OutOfStock', { sku, available, requested })
}

function typed(message: string, element: string, values: Record<string, unknown>): SoapFault {
  return new SoapFault('Client', message, { detail: { element, values } })
}
