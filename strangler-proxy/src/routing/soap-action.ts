import type { SoapEndpoint } from './generation.ts'

/** The action a client names beside the message: SOAPAction of 1.1, the `action` parameter of 1.2. */
export function soapAction(header: string | undefined, contentType: string | undefined): string {
  const text = header ?? actionParameter(contentType)
  const trimmed = text?.trim() ?? ''
  return trimmed.startsWith('"') && trimmed.endsWith('"') && trimmed.length > 1
    ? trimmed.slice(1, -1)
    : trimmed
}

/**
 * Whether action and message name different operations: some servers obey the one and some the other, so such
 * a message could be a write for the server and a read for the proxy.
 * An operation that belongs to no capability contradicts only an action that does.
 */
export function contradicts(endpoint: SoapEndpoint, operation: string, action: string): boolean {
  if (action === '') return false
  const route = endpoint.get(operation)
  if (route?.action !== undefined) return action !== route.action
  const named = action.slice(lastSeparator(action) + 1)
  if (named === operation) return false
  if (route !== undefined) return true
  if (endpoint.has(named)) return true
  for (const claimed of endpoint.values()) if (claimed.action === action) return true
  return false
}

function lastSeparator(action: string): number {
  return Math.max(action.lastIndexOf('#'), action.lastIndexOf('/'), action.lastIndexOf(':'))
}

function actionParameter(contentType: string | undefined): string | undefined {
  if (contentType === undefined) return undefined
  for (const part of contentType.split(';').slice(1)) {
    const equals = part.indexOf('=')
    if (equals !== -1 && part.slice(0, equals).trim().toLowerCase() === 'action')
      return part.slice(equals + 1)
  }
  return undefined
}
