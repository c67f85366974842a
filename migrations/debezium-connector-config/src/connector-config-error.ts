export type ConnectorConfigErrorCode =
  | 'OPTIONS_INVALID'
  | 'FILE_UNUSABLE'
  | 'USAGE'
  | 'CONFIG_REJECTED'
  | 'CONNECT_UNREACHABLE'
  | 'CONNECT_FAILED'
  | 'CONNECTOR_MISSING'
  | 'CONNECTOR_FAILED'
  | 'CONNECTOR_NOT_STOPPED'
  | 'REBALANCE_TOO_LONG'
  | 'WAIT_TOO_LONG'

export type ConnectorConfigErrorContext = {
  details?: Readonly<Record<string, unknown>>
  hint?: string
  cause?: unknown
}

/** The package's one error class: programs match on `code`, people read the message and the hint. No secret in either. */
export class ConnectorConfigError extends Error {
  readonly code: ConnectorConfigErrorCode
  readonly details: Readonly<Record<string, unknown>>
  readonly hint: string | undefined

  constructor(code: ConnectorConfigErrorCode, message: string, context: ConnectorConfigErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause })
    this.name = 'ConnectorConfigError'
    this.code = code
    this.details = context.details ?? {}
    this.hint = context.hint
  }
}
