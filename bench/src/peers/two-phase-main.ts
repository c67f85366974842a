import { createInterface } from 'node:readline'
import { systemClock } from '@strangler/kit/clock.ts'
import { createLog } from '@strangler/kit/log.ts'
import { sagaCoordinator, twoPhaseCoordinator } from './coordinators.ts'

/**
 * A coordinator of orders over two databases, as a process that can be killed. `order ID` carries one out and prints
 * `done`; `half ID` goes as far as the moment at which its death hurts most, prints `half` and stays there.
 */
const [, , style, left = '', right = ''] = process.argv
const coordinator =
  style === 'saga'
    ? await sagaCoordinator(left, right, { clock: systemClock, log: createLog('saga', 'silent') })
    : await twoPhaseCoordinator(left, right)
process.stdout.write(`${JSON.stringify({ ready: true })}\n`)
for await (const line of createInterface({ input: process.stdin })) {
  const [verb, id = ''] = line.split(' ')
  await (verb === 'half' ? coordinator.half(id) : coordinator.order(id))
  process.stdout.write(`${verb === 'half' ? 'half' : 'done'}\n`)
}
await coordinator.close()
