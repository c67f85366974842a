/** `node compose/healthy.ts URL`: exits 0 when that address answers well. */
const url = process.argv[2] ?? ''
const answers = await fetch(url, { signal: AbortSignal.timeout(2_500) }).then(
  response => response.ok,
  () => false,
)
process.exit(answers ? 0 : 1)
