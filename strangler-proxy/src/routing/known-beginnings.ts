import { type SoapScan, scanSoapOperation } from './soap-operation.ts'

type Beginning = { bytes: Buffer; scan: SoapScan }

const maxBytes = 2_048
const maxKept = 256

/**
 * Remembers how messages began whose operation has been found. Only these bytes decide, so a message that begins
 * with the same ones has the same operation, and need not be read again.
 * @returns the same as scanSoapOperation; `key` names a kind of message that is likely to begin the same
 */
export function createBeginnings(): (bytes: Buffer, complete: boolean, key: string) => SoapScan {
  const known = new Map<string, Beginning>()
  return (bytes, complete, key) => {
    const found = known.get(key)
    if (
      found !== undefined &&
      bytes.length > found.bytes.length &&
      found.bytes.compare(bytes, 0, found.bytes.length) === 0
    )
      return found.scan
    const scan = scanSoapOperation(bytes, complete)
    if ('found' in scan && scan.read <= maxBytes && isAscii(bytes, scan.read)) {
      if (known.size >= maxKept) known.clear()
      known.set(key, { bytes: Buffer.from(bytes.subarray(0, scan.read)), scan })
    }
    return scan
  }
}

/** Where characters are bytes, as many characters are as many bytes. */
function isAscii(bytes: Buffer, length: number): boolean {
  for (let index = 0; index < length; index++) if (bytes[index]! > 0x7f) return false
  return true
}
