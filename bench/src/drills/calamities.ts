import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '@strangler/kit/clock.ts'
import { switchVerbs } from '@strangler/migrations/cutover/switcher.ts'
import { openProcesses } from '@strangler/migrations/faults/processes.ts'
import type { BenchSystem } from '../system/bench-system.ts'

/** What goes wrong in one switch: nothing, the engine dies at a point, or a process dies or stands still meanwhile. */
export type Calamity =
  | { name: 'nothing' }
  | { name: string; engineAt: string }
  | { name: string; process: string; afterMs: number; pauseMs?: number }

const processes = ['proxy', 'customers', 'monolith', 'acl', 'mariadb', 'engine']
const pausable = ['proxy', 'customers', 'monolith', 'mariadb', 'engine']
/** A switch is over after about that time. */
const switchMs = 1_500

export function drawCalamity(action: 'cutover' | 'rollback', random: () => number): Calamity {
  const among = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!
  const kind = random()
  if (kind < 0.15) return { name: 'nothing' }
  if (kind < 0.5) {
    const verb = among(['begin', ...switchVerbs, 'finish'])
    return { name: 'engine killed at a verb', engineAt: `${action}.${verb}.${among(['before', 'after'])}` }
  }
  const afterMs = Math.round(random() * switchMs)
  if (kind < 0.75) {
    const process = among(processes)
    return { name: `${process} killed`, process, afterMs }
  }
  const process = among(pausable)
  return {
    name: `${process} stopped for a while`,
    process,
    afterMs,
    pauseMs: Math.round(200 + random() * 3_000),
  }
}

/** What the verb is asked with, and what is done beside it. */
export function calamities(
  { stateDir }: Pick<BenchSystem, 'stateDir'>,
  calamity: Calamity,
): { body: Record<string, unknown>; during(): Promise<void> } {
  if ('engineAt' in calamity)
    return { body: { fault: { killEngineAt: calamity.engineAt } }, during: async () => {} }
  if (!('process' in calamity)) return { body: {}, during: async () => {} }
  const running = openProcesses(
    join(stateDir, 'run.json'),
    (pid, signal) => void process.kill(pid, signal),
    systemClock,
  )
  return {
    body: {},
    during: async () => {
      await delay(calamity.afterMs)
      if (calamity.pauseMs !== undefined) return running.pause(calamity.process, calamity.pauseMs)
      await running.kill(calamity.process)
      await running.untilBack(calamity.process, 60_000)
    },
  }
}
