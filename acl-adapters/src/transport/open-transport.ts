import type { SoapClient } from '../soap/soap-client.ts'
import { type CallLimits, defaultCallLimits } from './call-limits.ts'
import { createGuardedClient } from './guarded-client.ts'
import { openOutcomeFile } from './outcome-file.ts'
import { createOutcomeTable, defaultOutcomeBounds, memoryStore } from './outcome-table.ts'

export type TransportParts = {
  client: SoapClient
  reads: Iterable<string>
  limits?: Partial<CallLimits>
  /** Folder of the outcomes of writes; without it they are forgotten when the process ends. */
  outcomes?: string
}

export type Transport = { soap: SoapClient; close(): Promise<void> }

/** The guarded client over what keeps its outcomes. @throws ToolkitError OUTCOMES_IN_USE, OUTCOMES_UNREADABLE */
export async function openTransport({ client, reads, limits, outcomes }: TransportParts): Promise<Transport> {
  const store = outcomes === undefined ? memoryStore() : await openOutcomeFile(outcomes)
  const soap = createGuardedClient({
    client,
    reads: new Set(reads),
    limits: { ...defaultCallLimits, ...limits },
    outcomes: createOutcomeTable(store, defaultOutcomeBounds, Date.now),
  })
  return { soap, close: () => store.close() }
}
