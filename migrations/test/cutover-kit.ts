import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { noFailPoint } from '../src/cutover/fail-points.ts'
import type { LiveSwitcher } from '../src/cutover/live-switcher.ts'
import type { RunParts } from '../src/cutover/perform-run.ts'
import type { Order } from '../src/cutover/switch-parts.ts'
import type { HeldWrites, Switcher, Undo } from '../src/cutover/switcher.ts'
import type { CapabilityState } from '../src/journal/capability-state.ts'
import type { Entry, Journal, Run } from '../src/journal/journal.ts'

/** Verbs that only say that they were called, and fail where told. */
export type Recording = { live: LiveSwitcher; calls: string[]; lost: AbortController }

export function recordingSwitcher(
  fail: (verb: string, nth: number) => Error | undefined = () => undefined,
): Recording {
  const calls: string[] = []
  const lost = new AbortController()
  const counts = new Map<string, number>()
  const call = async (verb: string, argument?: unknown) => {
    const nth = (counts.get(verb) ?? 0) + 1
    counts.set(verb, nth)
    calls.push(typeof argument === 'string' ? `${verb} ${argument}` : verb)
    const failure = fail(verb, nth)
    if (failure !== undefined) throw failure
  }
  const held: HeldWrites[] = [{ released: 3, expired: 0, p50Ms: 10, p99Ms: 20, maxMs: 30 }]
  const verbs: Switcher = {
    arm: () => call('arm'),
    hold: () => call('hold'),
    drain: () => call('drain'),
    fence: () => call('fence'),
    barrier: () => call('barrier'),
    readPosition: async () => {
      await call('readPosition')
      return '0-1-7'
    },
    writeFenceRow: () => call('writeFenceRow'),
    catchUp: position => call('catchUp', position),
    stopSync: () => call('stopSync'),
    verifyChanged: () => call('verifyChanged'),
    prepareReverse: async () => {
      await call('prepareReverse')
      return '0-1-9'
    },
    liftAutoIncrement: () => call('liftAutoIncrement'),
    journalOwner: () => call('journalOwner'),
    openTarget: () => call('openTarget'),
    flipRoutes: () => call('flipRoutes'),
    startReverse: () => call('startReverse'),
    confirmReverse: () => call('confirmReverse'),
    release: async () => {
      await call('release')
      return held
    },
    disarm: () => call('disarm'),
  }
  const undo: Undo = {
    dropReverse: () => call('dropReverse'),
    resumeSync: () => call('resumeSync'),
    unfence: () => call('unfence'),
    releaseBack: async () => {
      await call('releaseBack')
      return held
    },
    disarmBack: () => call('disarmBack'),
  }
  const proxies = {
    begin: verbs.hold,
    drained: verbs.drain,
    changeRoutes: async () => {},
    release: verbs.release,
    lost: lost.signal,
  }
  return { live: { verbs, undo, held: proxies }, calls, lost }
}

/** A journal in memory: one capability, one run. */
export type MemoryJournal = {
  parts: RunParts
  entries: (Entry & { phase: string })[]
  state: CapabilityState
}

export function memoryJournal(): MemoryJournal {
  const state: CapabilityState = {
    capability: 'customers',
    owner: 'legacy',
    epoch: 1,
    epochSeen: 2,
    phase: 'switching',
    run: run.id,
  }
  const entries: MemoryJournal['entries'] = []
  const journal: Journal = {
    state: async () => ({ ...state }),
    movePhase: async () => true,
    begin: async () => run,
    record: async (_lease, _run, phase, added) => {
      entries.push(...added.map(entry => ({ ...entry, phase })))
    },
    moveOwner: async (_lease, _run, _from, owner) => {
      Object.assign(state, { owner, epoch: run.epoch, phase: 'switched' })
    },
    finish: async (_lease, _run, phase) => {
      Object.assign(state, { phase })
    },
    entries: async () => [],
    recent: async () => [],
  }
  return { parts: { journal, clock: systemClock, log: createLog('test', 'silent') }, entries, state }
}

export const run: Run = {
  id: '11111111-2222-3333-4444-555555555555',
  capability: 'customers',
  action: 'cutover',
  epoch: 2,
  operator: 'test',
}

export function testOrder(changes: Partial<Order> = {}): Order {
  const signal = new AbortController().signal
  return {
    by: 'test',
    reason: 'test',
    lease: { capability: 'customers', holder: 'test', token: 1, lost: signal, release: async () => {} },
    signal,
    failPoint: noFailPoint,
    onProgress: () => {},
    ...changes,
  }
}

export function planned(verb: string): ToolkitError {
  return new ToolkitError('PLANNED', `${verb} fails in this test`)
}
