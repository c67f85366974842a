import { randomUUID } from 'node:crypto'
import type { Message } from '../src/messaging/message.ts'

export function testMessage(key: string, payload: unknown, changes: Partial<Message> = {}): Message {
  return { id: randomUUID(), topic: 'orders', key, type: 'order-placed', headers: {}, payload, ...changes }
}

/** Resolves as soon as `condition` holds; fails after 10 seconds. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it did not come to that within 10 s')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
