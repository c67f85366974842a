import type { Side } from '../journal/capability-state.ts'
import type { Plan } from '../plan/plan.ts'
import { openBinlogSource } from './binlog-source.ts'
import type { OpenSource } from './change-source.ts'

/** Where the engine reads changes from: one kind for all capabilities, both ways. */
export type ChangeSources = {
  /**
   * Resolves when every change that is committed on that side from now on can be read. Call it before a copy, and before
   * the hold of a switch: what takes long is then done. Safe to repeat.
   * @throws ToolkitError where a connector cannot be made to run
   */
  ready(plan: Plan, side: Side, signal: AbortSignal): Promise<void>
  /** Of the streams away from that side. */
  open(plan: Plan, side: Side): OpenSource
}

/** The binlog needs nothing beforehand: it has been written anyway. */
export const binlogSources: ChangeSources = {
  ready: async () => {},
  open: () => openBinlogSource,
}
