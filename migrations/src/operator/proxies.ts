import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Gates } from '../plan/plan.ts'
import type {
  ComparisonSummary,
  Comparisons,
  ProxyAdmin,
  ProxyCapability,
  ProxyStatus,
  RouteChange,
  Verdict,
} from './proxy-admin.ts'

/**
 * Changes routes at every proxy; all must acknowledge.
 * @returns the generation that each serves now, by URL
 * @throws ToolkitError PROXY_SILENT, PROXY_REFUSED: the others may have changed; repeating it is safe
 */
export async function changeRoutes(
  proxies: readonly ProxyAdmin[],
  changes: readonly RouteChange[],
  by: string,
  reason: string,
  signal?: AbortSignal,
): Promise<Record<string, number>> {
  const answers = await Promise.all(
    proxies.map(
      async proxy => [proxy.url, (await proxy.change(changes, by, reason, signal)).generation] as const,
    ),
  )
  return Object.fromEntries(answers)
}

/**
 * What the proxies serve of a capability.
 * @throws ToolkitError PROXY_SILENT; CAPABILITY_UNROUTED when strangler.yaml does not have it; PROXIES_DISAGREE
 */
export async function routedAs(
  proxies: readonly ProxyAdmin[],
  capability: string,
  signal?: AbortSignal,
): Promise<ProxyCapability> {
  const statuses = await Promise.all(proxies.map(proxy => proxy.status(signal)))
  const found = statuses.map(status => status.capabilities.find(({ name }) => name === capability))
  const first = found[0]
  if (first === undefined || found.includes(undefined))
    throw new ToolkitError('CAPABILITY_UNROUTED', `strangler.yaml has no capability ${capability}`, {
      hint: 'add it with its routes; strangler check tells what is missing',
    })
  const other = found.find(
    entry =>
      entry!.stage !== first.stage || entry!.writes !== first.writes || entry!.percent !== first.percent,
  )
  if (other !== undefined)
    throw new ToolkitError(
      'PROXIES_DISAGREE',
      `the proxies do not serve the same stage of ${capability}: ${first.stage} and ${other!.stage}`,
      { hint: `repeat the last strangler stage ${capability} …; it reaches all of them` },
    )
  return first
}

/** Figures of several proxies as one: counts add up, and the one that speaks most against it says why. */
export function sumComparisons<T extends ComparisonSummary>(parts: readonly T[]): ComparisonSummary {
  const sum = (pick: (part: T) => number) => parts.reduce((total, part) => total + pick(part), 0)
  const verdict = verdictOf(parts.map(part => part.verdict))
  const worst = parts
    .filter(part => part.verdict === verdict)
    .reduce<T | undefined>(
      (most, part) => (most === undefined || part.divergence.low > most.divergence.low ? part : most),
      undefined,
    )
  return {
    samples: sum(part => part.samples),
    matched: sum(part => part.matched),
    ignored: sum(part => part.ignored),
    diverged: sum(part => part.diverged),
    errors: sum(part => part.errors),
    noise: sum(part => part.noise),
    noiseSamples: sum(part => part.noiseSamples),
    divergence: worst?.divergence ?? { share: 0, low: 0, high: 0 },
    verdict,
    why: worst?.why ?? 'no proxy has compared anything',
  }
}

function verdictOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('fail')) return 'fail'
  return verdicts.includes('pass') ? 'pass' : 'insufficient'
}

/**
 * The plan's own judgement, by its numbers: too few samples are a verdict of their own. What surely diverges beyond the
 * noise counts, so the lower bound is held against the limit.
 */
export function judgeComparison(
  figures: ComparisonSummary,
  gates: Pick<Gates, 'minSamples' | 'maxDivergence'>,
): Verdict {
  if (figures.verdict === 'fail' || figures.divergence.low > gates.maxDivergence) return 'fail'
  return figures.samples < gates.minSamples ? 'insufficient' : figures.verdict
}

/** The live figures of all proxies, as `strangler compare --json` shows them. */
export async function compareLive(
  proxies: readonly ProxyAdmin[],
  capabilities: readonly string[],
  signal?: AbortSignal,
): Promise<Record<string, unknown> & { verdict: Verdict }> {
  const all: Comparisons[] = await Promise.all(
    proxies.flatMap(proxy => capabilities.map(capability => proxy.comparisons(capability, signal))),
  )
  const { samples, ...summary } = sumComparisons(all)
  const divergences = new Map<
    string,
    { route: string; path: string; count: number; before: unknown; after: unknown }
  >()
  for (const { route, path, count, legacy, extracted } of all.flatMap(part => part.divergences)) {
    const key = JSON.stringify([route, path])
    const known = divergences.get(key)
    if (known === undefined) divergences.set(key, { route, path, count, before: legacy, after: extracted })
    else known.count += count
  }
  return {
    requests: samples,
    ...summary,
    routes: all.flatMap(part => part.routes),
    divergences: [...divergences.values()].sort((a, b) => b.count - a.count),
  }
}

/** The statuses of those that answer, and the URLs of those that do not. */
export async function statusOfEach(
  proxies: readonly ProxyAdmin[],
  signal?: AbortSignal,
): Promise<{ statuses: { url: string; status: ProxyStatus }[]; silent: string[] }> {
  const answers = await Promise.allSettled(proxies.map(proxy => proxy.status(signal)))
  const statuses: { url: string; status: ProxyStatus }[] = []
  const silent: string[] = []
  answers.forEach((answer, index) => {
    const { url } = proxies[index]!
    if (answer.status === 'fulfilled') statuses.push({ url, status: answer.value })
    else silent.push(url)
  })
  return { statuses, silent }
}
