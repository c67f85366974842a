/** What stands where a value is missing. */
export const nothing = '–'

/** 20000 → `20,000`. */
export function count(value) {
  return isNumber(value) ? value.toLocaleString('en-US', { maximumFractionDigits: 1 }) : nothing
}

/** Milliseconds as a person reads them: `3.5 ms`, `850 ms`, `4.2 s`, `3 min 5 s`. */
export function duration(ms) {
  if (!isNumber(ms)) return nothing
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return units(minutes, 'min', seconds % 60, 's')
  const hours = Math.floor(minutes / 60)
  return hours < 24
    ? units(hours, 'h', minutes % 60, 'min')
    : units(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

function units(large, ofLarge, small, ofSmall) {
  return small === 0 ? `${large} ${ofLarge}` : `${large} ${ofLarge} ${small} ${ofSmall}`
}

/** How long ago a moment was: `just now`, `40 s ago`, `5 min ago`, `2 h ago`, `3 d ago`. */
export function ago(at, now) {
  const ms = now - (typeof at === 'number' ? at : Date.parse(at))
  if (!Number.isFinite(ms)) return nothing
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 5) return 'just now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`
  return seconds < 86_400 ? `${Math.floor(seconds / 3_600)} h ago` : `${Math.floor(seconds / 86_400)} d ago`
}

/** A moment in the reader's own time: `2026-01-31 12:34:56`. */
export function moment(at) {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return nothing
  const two = number => String(number).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** 10 → `10 %`. */
export function percent(value) {
  return isNumber(value) ? `${Math.round(value * 10) / 10} %` : nothing
}

/** `1 path`, `2 paths`. */
export function counted(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`
}

/** Text as it is, anything else as JSON, a dash where there is nothing. */
export function text(value) {
  if (value === undefined || value === null || value === '') return nothing
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export function isNumber(value) {
  return typeof value === 'number' && Number.isFinite(value)
}
