/** Codes of sockets that are gone, or of which nobody knows what they would answer next. */
const lostCodes = new Set<unknown>([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'PROTOCOL_CONNECTION_LOST',
  'STATEMENT_TIMEOUT',
])
const lostNumbers = new Set<unknown>([
  1053, // server shutdown in progress
  1927, // connection was killed
])
const lostMessage = /^Can't add new command when connection/

/** Servers and pools that are full, refusing or changing: the same request may succeed a moment later. */
const busyNumbers = new Set<unknown>([
  1040, // too many connections
  1045, // access denied: an account that is being replaced
  1049, // schema not there yet
  1203, // too many connections of this account
  1205, // lock wait timeout
  1213, // deadlock, after all retries
  1290, // read-only server
  1836, // read-only
])
const busyMessage = /^(Queue limit reached\.|Pool is closed\.|no database connection became free)/

/** Errors that say "this transaction lost against another one, run it again". */
const lostAgainstAnother = new Set<unknown>([1213, 1020])

/** By its fields and not by its class, which a driver, a socket and a test's realm each have their own of. */
function fieldsOf(error: unknown): { errno: unknown; code: unknown; message: string } {
  if (typeof error !== 'object' || error === null) return { errno: undefined, code: undefined, message: '' }
  const { errno, code, message, sqlMessage } = error as Record<string, unknown>
  return { errno, code, message: String(sqlMessage ?? message) }
}

/** Whether the fence refused the write: this database isn't the write owner of the capability. */
export function isWriteFenced(error: unknown): boolean {
  const { errno, message } = fieldsOf(error)
  return errno === 1644 && message.startsWith('STRANGLER-FENCE')
}

/** Whether the connection can't be used again. */
export function isConnectionLost(error: unknown): boolean {
  const { errno, code, message } = fieldsOf(error)
  return lostNumbers.has(errno) || lostCodes.has(code) || lostMessage.test(message)
}

/** Whether the database is away or too busy, rather than at odds with the statement. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const { errno, message } = fieldsOf(error)
  return isConnectionLost(error) || busyNumbers.has(errno) || busyMessage.test(message)
}

/** Whether the server rolled the transaction back in favour of another one; running it again is safe. */
export function isTransactionConflict(error: unknown): boolean {
  return lostAgainstAnother.has(fieldsOf(error).errno)
}

export function isDuplicateKey(error: unknown): boolean {
  return fieldsOf(error).errno === 1062
}

/** Whether a foreign key names a row that does not exist. */
export function isMissingParent(error: unknown): boolean {
  return fieldsOf(error).errno === 1452
}
