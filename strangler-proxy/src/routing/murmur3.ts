/** MurmurHash3 x86 32 bit over the UTF-8 bytes of `text`. Uniform and fast; no secret. */
export function murmur3(text: string, seed: number): number {
  for (let index = 0; index < text.length; index++)
    if (text.charCodeAt(index) > 0x7f) return ofBytes(Buffer.from(text, 'utf8').toString('latin1'), seed)
  return ofBytes(text, seed)
}

/** @param bytes one character per byte */
function ofBytes(bytes: string, seed: number): number {
  let hash = seed | 0
  const whole = bytes.length & ~3
  for (let index = 0; index < whole; index += 4) {
    hash ^= mixed(
      bytes.charCodeAt(index) |
        (bytes.charCodeAt(index + 1) << 8) |
        (bytes.charCodeAt(index + 2) << 16) |
        (bytes.charCodeAt(index + 3) << 24),
    )
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  }
  let rest = 0
  for (let index = bytes.length - 1; index >= whole; index--) rest = (rest << 8) | bytes.charCodeAt(index)
  if (whole !== bytes.length) hash ^= mixed(rest)
  hash ^= bytes.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function mixed(word: number): number {
  const spread = Math.imul(word, 0xcc9e2d51)
  return Math.imul((spread << 15) | (spread >>> 17), 0x1b873593)
}
