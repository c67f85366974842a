import type { Json } from '../render/json-fields.ts'
import type { VerbAnswer } from './read-answer.ts'

export type StageChange = {
  capability: string
  stage: string
  percent: number | undefined
  by: string
  reason: string
}

/** What an operator can ask of a system, whether an engine answers or a proxy that runs alone. */
export type Operator = {
  status(): Promise<Json>
  compare(): Promise<Json>
  stage(change: StageChange, onProgress: (progress: Json) => void): Promise<VerbAnswer>
}

/** What only the engine can do. */
export type EngineOperator = Operator & {
  plan(capability: string): Promise<Json>
  audit(limit: number, verify: boolean): Promise<unknown>
  /** The connectors that stream it through Kafka. @param kafka its addresses, as Connect reaches it */
  connectors(capability: string, kafka: string): Promise<Json>
  /** What ran, verb by verb, the newest first. */
  journal(capability: string, limit: number): Promise<Json>
  /** Changes that a sync stands still before. */
  parked(capability: string): Promise<unknown>
  /** Leaves that change out, or tries all of them again where none is named; answers how the sync stands. */
  decideParked(
    capability: string,
    id: number | undefined,
    decision: { by: string; reason: string },
  ): Promise<Json>
  /** Runs `run`, `verify`, `cutover`, `rollback` or `drill`. */
  verb(
    verb: string,
    capability: string,
    body: Json,
    onProgress: (progress: Json) => void,
  ): Promise<VerbAnswer>
}
