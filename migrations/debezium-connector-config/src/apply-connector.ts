import { setTimeout as delay } from 'node:timers/promises'
import type { ConnectClient, ConnectorStatus } from './connect-client.ts'
import type { ConnectorConfig } from './connector-config.ts'
import { ConnectorConfigError } from './connector-config-error.ts'

export type ApplyOptions = {
  /** Until connector and tasks must run. Default 60 000. */
  waitMs?: number
  /** How long they must stay so: a task that can't start fails a moment after it was RUNNING. Default 1 500. */
  settleMs?: number
  pollMs?: number
}

export type Applied = { outcome: 'created' | 'updated' | 'unchanged'; status: ConnectorStatus }

/**
 * Makes Kafka Connect run the connector with exactly this configuration; run again, it changes nothing. A paused or
 * stopped connector takes the configuration and stays as it is; a failed one whose configuration is already this one
 * is restarted.
 * @throws ConnectorConfigError CONFIG_REJECTED (by the connector's own validation), CONNECTOR_FAILED with the task's
 *   reason, WAIT_TOO_LONG, and what any request can throw
 */
export async function applyConnector(
  client: ConnectClient,
  config: ConnectorConfig,
  { waitMs = 60_000, settleMs = 1_500, pollMs = 500 }: ApplyOptions = {},
): Promise<Applied> {
  const name = config.name ?? ''
  if (name === '') throw new ConnectorConfigError('OPTIONS_INVALID', 'the configuration has no name')
  const rejected = await client.validate(config)
  if (rejected.length > 0) {
    const [first, ...others] = rejected
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`
    throw new ConnectorConfigError('CONFIG_REJECTED', `${first!.property}: ${first!.message}${more}`, {
      details: { findings: rejected },
      hint: 'mend the properties named',
    })
  }
  const before = await client.config(name)
  const outcome = isSame(before, config) ? 'unchanged' : await client.putConfig(name, config)
  const wait = { waitMs, secrets: config }
  const now = await client.status(name)
  if (outcome !== 'created' && (now?.state === 'PAUSED' || now?.state === 'STOPPED'))
    return { outcome, status: now }
  if (outcome === 'unchanged' && now !== undefined && hasFailed(now)) {
    return { outcome, status: await client.restart(name, { onlyFailed: true, ...wait }) }
  }
  if (outcome === 'updated') await untilTasksHave(client, config, { waitMs, pollMs })
  await client.waitFor(name, 'RUNNING', wait)
  if (outcome !== 'unchanged') await delay(settleMs)
  return { outcome, status: await client.waitFor(name, 'RUNNING', wait) }
}

function isSame(before: Readonly<Record<string, string>> | undefined, config: ConnectorConfig): boolean {
  if (before === undefined) return false
  const names = Object.keys(config)
  return names.length === Object.keys(before).length && names.every(name => before[name] === config[name])
}

function hasFailed({ state, tasks }: ConnectorStatus): boolean {
  return state === 'FAILED' || tasks.some(task => task.state === 'FAILED')
}

/** After an update the status still shows the tasks of before for a while: their configuration tells. */
async function untilTasksHave(
  client: ConnectClient,
  config: ConnectorConfig,
  { waitMs, pollMs }: { waitMs: number; pollMs: number },
): Promise<void> {
  const deadline = Date.now() + waitMs
  for (;;) {
    const tasks = await client.taskConfigs(config.name ?? '')
    const isNew = (task: Record<string, string>) =>
      Object.keys(config).every(name => task[name] === config[name])
    if (tasks.length > 0 && tasks.every(isNew)) return
    const status = await client.status(config.name ?? '')
    // A connector that fails over its configuration never writes that of its tasks; waitFor says why.
    if (Date.now() >= deadline || status?.state === 'FAILED') return
    await delay(pollMs)
  }
}
