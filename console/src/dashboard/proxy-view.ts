import type { Patience } from '../operator/engine-operator.ts'
import { type Endpoint, exchange } from '../operator/http-exchange.ts'
import { readDocument } from '../operator/read-answer.ts'
import { type Json, recordOf } from '../render/json-fields.ts'

/** What the dashboard reads of one proxy's admin listener. */
export type ProxyView = {
  url: string
  status(): Promise<Json>
  comparisons(capability: string): Promise<Json>
  /** In Prometheus' text format. */
  metrics(): Promise<string>
}

/** Every call throws what `exchange` and `readDocument` throw. */
export function createProxyView(url: string, token: string, patience: Patience): ProxyView {
  const endpoint: Endpoint = { name: 'proxy', url, token }
  const ask = (path: string) => exchange(endpoint, { method: 'GET', path, ...patience })
  return {
    url,
    status: async () => recordOf(await readDocument(endpoint, await ask('/admin/status'))),
    comparisons: async capability =>
      recordOf(
        await readDocument(endpoint, await ask(`/admin/comparisons/${encodeURIComponent(capability)}`)),
      ),
    metrics: async () => {
      const { lines } = await ask('/metrics')
      let text = ''
      for await (const line of lines) text += `${line}\n`
      return text
    },
  }
}
