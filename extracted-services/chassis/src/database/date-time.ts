/** Milliseconds since the epoch as DATETIME in UTC, whole seconds. */
export function dateTimeOf(ms: number): string {
  return preciseDateTimeOf(ms).slice(0, 19)
}

/** Milliseconds since the epoch as DATETIME(3) in UTC. */
export function preciseDateTimeOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 23).replace('T', ' ')
}

/** A DATETIME in UTC, which the driver writes without milliseconds when there are none, as ISO 8601 with them. */
export function instantOf(dateTime: string): string {
  return new Date(`${dateTime.replace(' ', 'T')}Z`).toISOString()
}
