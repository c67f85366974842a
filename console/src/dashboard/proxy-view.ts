import type { Patience } from '../operator/engine-operator.ts'
import { type Endpoint, exchange } from '../operator/http-exchange.ts'
import { readDocument } from '../operator/read-answer.ts'
import { type Json, recordOf } from '../render/json-fields.ts'

export type Author = { by: string; reason: string }

export type IgnoreChange = Author & {
  capability: string
  route: string
  path: string
  until: string | undefined
}

/** What the dashboard reads of one proxy's admin listener. */
export type ProxyView = {
  url: string
  status(): Promise<Json>
  comparisons(capability: string): Promise<Json>
  /** Who changed what, the newest first. */
  generations(limit: number): Promise<Json>
  /** Adds a rule to those that a comparison ignores by. */
  ignore(change: IgnoreChange): Promise<Json>
  /** The text of that generation becomes a new one. */
  revert(generation: number, author: Author): Promise<Json>
  /** In Prometheus' text format. */
  metrics(): Promise<string>
}

/** Every call throws what `exchange` and `readDocument` throw. */
export function createProxyView(url: string, token: string, patience: Patience): ProxyView {
  const endpoint: Endpoint = { name: 'proxy', url, token }
  const ask = (path: string) => exchange(endpoint, { method: 'GET', path, ...patience })
  const tell = async (path: string, body: Json) =>
    recordOf(
      await readDocument(endpoint, await exchange(endpoint, { method: 'POST', path, body, ...patience })),
    )
  return {
    url,
    status: async () => recordOf(await readDocument(endpoint, await ask('/admin/status'))),
    comparisons: async capability =>
      recordOf(
        await readDocument(endpoint, await ask(`/admin/comparisons/${encodeURIComponent(capability)}`)),
      ),
    generations: async limit =>
      recordOf(await readDocument(endpoint, await ask(`/admin/generations?limit=${limit}`))),
    ignore: async ({ capability, by, reason, ...rule }) => {
      const body = { changes: [{ capability, ignore: { ...rule, reason } }], by, reason }
      return tell('/admin/generations', body)
    },
    revert: (generation, author) => tell(`/admin/generations/${generation}/revert`, author),
    metrics: async () => {
      const { lines } = await ask('/metrics')
      let text = ''
      for await (const line of lines) text += `${line}\n`
      return text
    },
  }
}
