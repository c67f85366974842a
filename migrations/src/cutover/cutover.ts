import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { HeldWrites, Switcher } from './switcher.ts'

/** What the function needs besides the verbs: the window of time, and the two ways out of trouble. */
export type Way = {
  /** One deadline for everything before the point of no return. */
  window: AbortSignal
  /** Takes back what was done, newest first, with a deadline of its own that the failure cannot cancel. */
  revert(failure: unknown): Promise<void>
  /** Whether the owner has moved after all: asked when the one verb that moves it failed without a clear answer. */
  ownerMoved(): Promise<boolean>
  /** Ends only when the engine stops or loses its lease: past the point of no return there is only forward. */
  forward: AbortSignal
  /** Bounds how long the held writes may wait for the way back to be seen working. */
  reverseWithin(): AbortSignal
  /** Told when the owner has moved and no sync leads back. */
  alarm(message: string): void
}

export type Switched = { reversible: boolean; held: HeldWrites[] }

/**
 * Moves the write owner from source to target. Rollback is this same function with the sides exchanged.
 * @throws what the failing verb threw, after everything was taken back; past the point of no return a failure leaves
 *   the run to be finished by a rerun
 */
export async function moveWriteOwner(verbs: Switcher, way: Way): Promise<Switched> {
  try {
    await verbs.arm(way.window)
    await verbs.hold(way.window)
    await verbs.drain(way.window)
    await verbs.fence(way.window)
    await verbs.barrier(way.window)
    const position = await verbs.readPosition(way.window)
    await verbs.writeFenceRow(way.window)
    await verbs.catchUp(position, way.window)
    await verbs.stopSync(way.window)
    await verbs.verifyChanged(way.window)
    await verbs.prepareReverse(way.window)
    await verbs.liftAutoIncrement(way.window)
    await verbs.journalOwner(way.window)
    // ——— point of no return: the journal names the target as owner ———
  } catch (failure) {
    if (!(await way.ownerMoved())) {
      await way.revert(failure)
      throw failure
    }
  }
  return rollForward(verbs, way)
}

/** Everything after the point of no return; a rerun begins here. */
export async function rollForward(verbs: Switcher, way: Way): Promise<Switched> {
  // The way back opens beside the way in: clients are waiting, and neither needs the other.
  const [, reversible] = await bothEnded(openWayIn(verbs, way), openWayBack(verbs, way))
  const held = await verbs.release(way.forward)
  await verbs.disarm(way.forward)
  return { reversible, held }
}

async function openWayIn(verbs: Switcher, way: Way): Promise<void> {
  await verbs.openTarget(way.forward)
  await verbs.flipRoutes(way.forward)
}

/** A way back that fails is an alarm; it must not keep the clients waiting. */
async function openWayBack(verbs: Switcher, way: Way): Promise<boolean> {
  try {
    const signal = AbortSignal.any([way.forward, way.reverseWithin()])
    await verbs.startReverse(signal)
    await verbs.confirmReverse(signal)
    return true
  } catch (error) {
    way.forward.throwIfAborted()
    way.alarm(`switched, not reversible: ${messageOf(error)}`)
    return false
  }
}

/** As Promise.all, yet nothing is left running behind a failure. */
async function bothEnded<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b])
  return Promise.all([a, b])
}
