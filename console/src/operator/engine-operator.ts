import { recordOf } from '../render/json-fields.ts'
import { type Endpoint, exchange } from './http-exchange.ts'
import type { EngineOperator } from './operator.ts'
import { readDocument, readVerb } from './read-answer.ts'

export type Patience = {
  /** Silence allowed in milliseconds. */
  idleMs: number
  /** Time for an engine that is being restarted to listen again, in milliseconds. */
  connectMs: number
  signal: AbortSignal
}

/** The engine's operator API. */
export function createEngineOperator(endpoint: Endpoint, patience: Patience): EngineOperator {
  const get = async (path: string) =>
    readDocument(endpoint, await exchange(endpoint, { method: 'GET', path, ...patience }))
  const verb: EngineOperator['verb'] = async (name, capability, body, onProgress) => {
    const path = `/capabilities/${encodeURIComponent(capability)}/${name}`
    const reply = await exchange(endpoint, { method: 'POST', path, body, ...patience })
    return readVerb(endpoint, reply, onProgress)
  }
  return {
    status: async () => recordOf(await get('/status')),
    compare: async () => recordOf(await get('/compare')),
    plan: async capability => recordOf(await get(`/capabilities/${encodeURIComponent(capability)}/plan`)),
    audit: (limit, verify) => get(`/audit?limit=${limit}${verify ? '&verify=true' : ''}`),
    connectors: async (capability, kafka) =>
      recordOf(
        await get(
          `/capabilities/${encodeURIComponent(capability)}/connectors?kafka=${encodeURIComponent(kafka)}`,
        ),
      ),
    journal: async (capability, limit) =>
      recordOf(await get(`/capabilities/${encodeURIComponent(capability)}/journal?limit=${limit}`)),
    parked: capability => get(`/sync/${encodeURIComponent(capability)}/parked`),
    decideParked: async (capability, id, body) => {
      const sync = `/sync/${encodeURIComponent(capability)}`
      const path = id === undefined ? `${sync}/retry` : `${sync}/parked/${id}/skip`
      const reply = await exchange(endpoint, { method: 'POST', path, body, ...patience })
      return recordOf(await readDocument(endpoint, reply))
    },
    stage: ({ capability, ...body }, onProgress) => verb('stage', capability, body, onProgress),
    verb,
  }
}
