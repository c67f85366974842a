import { type Finding, findingsOf } from './finding.ts'

const answerWithinMs = 3_000
/** Date headers carry whole seconds. */
const mostSkewMs = 2_500

/** A process of a running system: whether it is alive and ready, and whether its clock is ours. */
export async function examineProcess(name: string, url: string, now: () => number): Promise<Finding[]> {
  const { ok, warning, problem } = findingsOf(name)
  let response: Response
  try {
    response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(answerWithinMs) })
  } catch {
    return [problem('process', `${url} does not answer`, 'look at its log, and start the system again')]
  }
  const text = await response.text().catch(() => '')
  const ready = response.ok
    ? ok('process', `${url} is ready`)
    : response.status === 503
      ? problem(
          'process',
          `${url} is not ready: ${text.slice(0, 300)}`,
          'mend what it names; its log says more',
        )
      : ok('process', `${url} answers`)
  const said = Date.parse(response.headers.get('date') ?? '')
  if (Number.isNaN(said)) return [ready]
  const skewMs = Math.round(said - now())
  return Math.abs(skewMs) <= mostSkewMs
    ? [ready]
    : [
        ready,
        warning(
          'clock',
          `${Math.round(skewMs / 1_000)} s from ours: the age of evidence would be wrong by as much`,
          'let both machines follow the same time server (timedatectl set-ntp true)',
        ),
      ]
}
