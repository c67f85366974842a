/** Milliseconds since the epoch as DATETIME in UTC, whole seconds. */
export function dateTimeOf(ms: number): string {
  return preciseDateTimeOf(ms).slice(0, 19)
}

/** Milliseconds since the epoch as DATETIME(3) in UTC. */
export function preciseDateTimeOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 23).replace('T', ' ')
}
