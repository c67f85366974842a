import { nothing, numberOf } from './json-fields.ts'

/** 20000 → `20,000`. */
export function count(value: unknown): string {
  const number = numberOf(value)
  return number === undefined ? nothing : number.toLocaleString('en-US', { maximumFractionDigits: 1 })
}

/** Milliseconds as a person reads them: `85 ms`, `4.2 s`, `3 min 5 s`, `2 h 4 min`, `3 d 2 h`. */
export function duration(value: unknown): string {
  const ms = numberOf(value)
  if (ms === undefined) return nothing
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 1_440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  const hours = Math.floor(minutes / 60)
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** How long ago, by its largest unit: `40 s`, `5 min`, `2 h`, `3 d`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`
  return seconds < 86_400 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`
}

/** 10 → `10 %`. */
export function percent(value: unknown): string {
  const number = numberOf(value)
  return number === undefined ? nothing : `${Math.round(number * 10) / 10} %`
}

/** `1 path`, `2 paths`. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`
}
