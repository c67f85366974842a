import { open } from 'node:fs/promises'
import { runCli } from './cli.ts'

const largestFile = 1024 * 1024

/** Stays below the limit whatever is named: a device or a pipe has no size to ask for. */
async function readText(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of file.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > largestFile) throw new Error('larger than a megabyte')
      chunks.push(chunk)
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } finally {
    await file.close()
  }
}

process.exitCode = await runCli(process.argv.slice(2), {
  readText,
  out: text => process.stdout.write(text),
  err: text => process.stderr.write(text),
})
