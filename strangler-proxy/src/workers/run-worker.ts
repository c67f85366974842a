import { listen } from '@strangler/kit/listen.ts'
import type { Log } from '@strangler/kit/log.ts'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { readCertificate } from '../certificate.ts'
import { createEntryServer, type EntryServer } from '../entry-server.ts'
import { createGeneration } from '../routing/generation.ts'
import { type Channel, createLink, type Link } from './link.ts'
import { openWorker, type Worker } from './open-worker.ts'
import { createSharedPins, type SharedPins } from './shared-pins.ts'
import type { GenerationOrder, PrimaryCalls, WorkerCalls, WorkerRole } from './worker-protocol.ts'

const never = new AbortController().signal

/**
 * A worker does what the primary asks for, and serves meanwhile.
 * @param leave ends the connection to the primary, and with it this process
 */
export function runWorker(channel: Channel, log: Log, leave: () => void): void {
  let worker: Worker | undefined
  let entry: EntryServer | undefined
  let role: WorkerRole | undefined
  const pins = new Map<string, SharedPins>()
  const opened = (): Worker => {
    if (worker === undefined) throw new Error('the worker is not open')
    return worker
  }
  const workers = () => opened().workers

  function pinsOf(capability: string): SharedPins {
    const found = pins.get(capability) ?? createSharedPins(capability, link)
    pins.set(capability, found)
    return found
  }

  async function open(given: WorkerRole, order: GenerationOrder): Promise<void> {
    role = given
    const { of, tls, id, config, token, redactionKey, operatorUrl, tracing } = given
    const certificate = tls === undefined ? undefined : await readCertificate(tls)
    const made = openWorker({
      id,
      of,
      config,
      token,
      redactionKey,
      operatorUrl,
      tracing,
      log,
      pins: pinsOf,
      onUse: next => entry?.use(next),
      draining: () => entry?.draining() ?? false,
    })
    worker = made
    made.use(generationOf(order))
    entry = createEntryServer(
      order.config,
      { serve: made.serve, upgrade: made.upgrade, onRefusedConnection: made.metrics.connectionRefused },
      certificate,
      of,
    )
  }

  const link: Link<PrimaryCalls> = createLink<PrimaryCalls, WorkerCalls>(channel, {
    open,
    async serve(state) {
      const { current, use } = opened()
      if (state.generation.number !== current().number) use(generationOf(state.generation))
      // Begun, not waited for: what the primary tells next must find all of the state.
      const learnt = workers().learn(state.instances)
      for (const [capability, view] of state.pins) pinsOf(capability).take(view)
      for (const order of state.holds) void workers().beginHold(order)
      if (state.recording !== null) void workers().startRecording(state.recording)
      await learnt
      const { port, host } = role!.listen
      await listen(entry!.server, port, host, 0)
    },
    use: order => opened().use(generationOf(order)),
    learn: instances => workers().learn(instances),
    report: () => workers().report(),
    beginHold: order => workers().beginHold(order),
    drained: (capability, withinMs) => workers().drained(capability, withinMs, never),
    renewHold: (capability, epoch, leaseMs) => workers().renewHold(capability, epoch, leaseMs),
    releaseHold: (capability, epoch) => workers().releaseHold(capability, epoch),
    resetComparison: capability => workers().resetComparison(capability),
    startRecording: order => workers().startRecording(order),
    stopRecording: id => workers().stopRecording(id),
    recordings: () => workers().recordings(),
    metrics: () => opened().registry.getMetricsAsJSON(),
    pinned: (capability, caller) => pinsOf(capability).pinned(caller),
    lifted: (capability, callers, everybody) => pinsOf(capability).lifted(callers, everybody),
    async renewCertificate() {
      if (role?.tls === undefined) return
      try {
        entry?.renew(await readCertificate(role.tls))
      } catch (error) {
        log.error({ cause: messageOf(error) }, 'certificate refused, the one before stays')
      }
    },
    async close(drainMs) {
      worker?.retire()
      await entry?.drain(drainMs)
      await worker?.close()
      setImmediate(leave)
    },
  })
}

function generationOf({ number, hash, config }: GenerationOrder) {
  return createGeneration(number, config, '', hash)
}
