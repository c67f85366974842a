import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { type BenchProcess, startProcess } from '../load/bench-process.ts'

export type VerbEnd = { exit: number; result: Record<string, unknown> }

/** A whole embedded system in processes of its own, and its engine's operator API. */
export type BenchSystem = {
  entryUrl: string
  /** MariaDB's administrator. */
  databaseUrl: string
  stateDir: string
  /** Asks the engine; where it dies meanwhile, what it answers once it is back is not known: `undefined`. */
  verb(name: string, body?: Record<string, unknown>): Promise<VerbEnd | undefined>
  /** Asks until it is done: what is refused for want of samples, or of an engine at rest, is asked again. */
  done(name: string, body?: Record<string, unknown>): Promise<Record<string, unknown>>
  status(): Promise<Record<string, unknown> | undefined>
  close(): Promise<void>
}

const capability = 'customers'
const patience = { tries: 120, pauseMs: 500 }

export async function startBenchSystem(customers: number): Promise<BenchSystem> {
  const main = `${import.meta.dirname}/system-main.ts`
  const process: BenchProcess = await startProcess(main, [String(customers)])
  const { url, engineUrl, databaseUrl, token, stateDir } = process.ready as Record<string, string>
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }

  async function verb(name: string, body: Record<string, unknown> = {}): Promise<VerbEnd | undefined> {
    try {
      const reply = await request(`${engineUrl}/capabilities/${capability}/${name}`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ by: 'bench', reason: 'measured', ...body }),
        headersTimeout: 300_000,
        bodyTimeout: 300_000,
      })
      const lines = (await reply.body.text()).trim().split('\n')
      const last = JSON.parse(lines.at(-1) ?? '{}') as Partial<VerbEnd>
      return last.exit === undefined ? undefined : { exit: last.exit, result: last.result ?? {} }
    } catch {
      return undefined
    }
  }

  return {
    entryUrl: url!,
    databaseUrl: databaseUrl!,
    stateDir: stateDir!,
    verb,
    done: async (name, body) => {
      for (let tries = 1; ; tries++) {
        const end = await verb(name, body)
        if (end?.exit === 0) return end.result
        if (tries === patience.tries)
          throw new Error(`${name} is not done: ${JSON.stringify(end).slice(0, 2_000)}`)
        await delay(patience.pauseMs)
      }
    },
    status: async () => {
      try {
        const reply = await request(`${engineUrl}/status`, { headers })
        const { capabilities } = (await reply.body.json()) as { capabilities: Record<string, unknown>[] }
        return capabilities.find(({ name }) => name === capability)
      } catch {
        return undefined
      }
    },
    close: process.close,
  }
}
