import { createInterface } from 'node:readline'
import type { LoadOrder } from './load-order.ts'
import { runLoad } from './run-load.ts'

/** The load generator: a process of its own, so that it takes nothing from what it measures. */
for await (const line of createInterface(process.stdin))
  process.stdout.write(`${JSON.stringify(await runLoad(JSON.parse(line) as LoadOrder))}\n`)
