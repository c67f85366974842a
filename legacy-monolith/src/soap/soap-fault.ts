export type FaultCode = 'Client' | 'Server' | 'VersionMismatch' | 'MustUnderstand'

/** Values of a fault's typed detail, keyed by element name, in the order of common.xsd. */
export type FaultDetail = { element: string; values: Record<string, unknown> }

/** An answer that is a SOAP fault. Its message goes to the caller, so it never quotes another error. */
export class SoapFault extends Error {
  readonly code: FaultCode
  readonly detail: FaultDetail | undefined
  /** SOAP 1.1 faults travel as HTTP 500; what HTTP itself refuses keeps its own status. */
  readonly status: number

  constructor(code: FaultCode, message: string, options: { detail?: FaultDetail; status?: number } = {}) {
    super(message)
    this.name = 'SoapFault'
    this.code = code
    this.detail = options.detail
    this.status = options.status ?? 500
  }
}

/** The request itself is wrong, in a way for which its operation declares no typed fault. */
export function clientFault(message: string, status = 500): SoapFault {
  return new SoapFault('Client', message, { status })
}

/** What a caller is told of an error that nobody foresaw. */
export function internalFault(): SoapFault {
  return new SoapFault('Server', 'internal error')
}
