import { isToolkitError, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { createEngineOperator, type Patience } from './engine-operator.ts'
import type { FoundSystem } from './find-system.ts'
import type { EngineOperator, Operator } from './operator.ts'
import { createProxyOperator } from './proxy-operator.ts'

/**
 * The engine of the system that was found.
 * @param verb what is wanted of it, for the sentence
 * @throws ToolkitError NOT_RUNNING, ENGINE_MISSING
 */
export function openEngine(system: FoundSystem, patience: Patience, verb: string): EngineOperator {
  const { engineUrl, proxyUrl, token } = system
  if (engineUrl !== undefined)
    return createEngineOperator({ name: 'engine', url: engineUrl, token }, patience)
  if (proxyUrl === undefined) throw notRunning(system)
  throw new ToolkitError(
    'ENGINE_MISSING',
    `${verb} needs the engine, and only a proxy runs here (${proxyUrl})`,
    {
      hint: 'start the whole system with: npm start',
    },
  )
}

/**
 * The engine, or the proxy where it runs alone. Where the engine is known but does not listen, what only reads is
 * asked of the proxy; a change is not, for it must pass the engine's gates.
 * @param note takes a sentence for the operator
 * @throws ToolkitError NOT_RUNNING
 */
export function openOperator(
  system: FoundSystem,
  patience: Patience,
  note: (text: string) => void,
): Operator {
  const { engineUrl, proxyUrl, token } = system
  const alone =
    proxyUrl === undefined
      ? undefined
      : createProxyOperator({ name: 'proxy', url: proxyUrl, token }, patience)
  if (engineUrl === undefined) {
    if (alone === undefined) throw notRunning(system)
    return alone
  }
  const engine = createEngineOperator({ name: 'engine', url: engineUrl, token }, patience)
  if (alone === undefined) return engine
  const read = createEngineOperator({ name: 'engine', url: engineUrl, token }, { ...patience, connectMs: 0 })
  const orAlone =
    <T>(asked: () => Promise<T>, otherwise: () => Promise<T>) =>
    async () => {
      try {
        return await asked()
      } catch (error) {
        if (!isToolkitError(error, 'ENGINE_UNREACHABLE')) throw error
        const answer = await otherwise()
        note(`the engine does not listen at ${engineUrl}: these are the proxy's own figures`)
        return answer
      }
    }
  return {
    status: orAlone(read.status, alone.status),
    compare: orAlone(read.compare, alone.compare),
    stage: engine.stage,
  }
}

function notRunning({ stateDir }: FoundSystem): ToolkitError {
  const where =
    stateDir === undefined ? 'there is no .strangler folder here or above' : `${stateDir} names no process`
  return new ToolkitError('NOT_RUNNING', `no system runs here: ${where}`, {
    hint: 'start it with: npm start (or a proxy alone: npx strangler proxy --config FILE --admin HOST:PORT, then --admin URL here)',
  })
}
