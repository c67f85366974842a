/** What a cutover is taken back on: a share of failed requests (0 to 1), or a lag of the way back in ms. */
export type AlarmCondition = { figure: 'error-rate' | 'lag'; above: number }

const form = /^(error-rate|lag)\s*>\s*(\d+(?:\.\d+)?)\s*(%|ms)?$/

/** Reads `error-rate>1%`, `error-rate>0.01` or `lag>5000ms`; undefined for anything else. */
export function readAlarm(text: string): AlarmCondition | undefined {
  const [, figure, number, unit] = form.exec(text.trim()) ?? []
  if (figure === 'lag') return unit === '%' ? undefined : { figure, above: Number(number) }
  if (figure !== 'error-rate' || unit === 'ms') return undefined
  const above = Number(number) / (unit === '%' ? 100 : 1)
  return above < 1 ? { figure, above } : undefined
}
