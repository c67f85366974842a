/** `2024-02-29 12:34:56` → `2024-02-29T12:34:56Z`. */
export function instantIn(dateTime: string): string {
  return `${dateTime.replace(' ', 'T')}Z`
}

/** `2024-02-29T12:34:56Z` → `2024-02-29 12:34:56`. */
export function dateTimeOfInstant(instant: string): string {
  return instant.replace('T', ' ').replace('Z', '')
}
