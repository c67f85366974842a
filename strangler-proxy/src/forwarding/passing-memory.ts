import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (options: { type: 'minor' }) => void

const every = 16 * 1_048_576
/** Blocks of small messages are collected with everything else. */
const large = 16_384
let collect: Collect | undefined
let passed = 0

/**
 * Keeps memory flat while large bodies pass: told of every block of one, in bytes.
 * The blocks lie outside of V8's heap, and V8 collects those only once 64 MB of them have gathered: memory then
 * rises by 90 MB while 1 GB streams, and by 23 MB with a minor collection every 16 MB, which costs well under a
 * millisecond. Small messages never cause one.
 */
export function passedBlock(bytes: number): void {
  if (bytes < large) return
  passed += bytes
  if (passed < every) return
  passed = 0
  collect ??= findCollect()
  collect({ type: 'minor' })
}

/** The function exists in contexts made while the flag is set. */
function findCollect(): Collect {
  setFlagsFromString('--expose-gc')
  const found = runInNewContext('gc') as Collect
  setFlagsFromString('--no-expose-gc')
  return found
}
