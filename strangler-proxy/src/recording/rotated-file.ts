import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'

/** Lines written one after the other to numbered files, up to a size each and in all. */
export type RotatedFile = {
  /** False where the line does not fit any more, into the queue or into the size in all. */
  write(line: string): 'taken' | 'queue-full' | 'full'
  files(): readonly string[]
  bytes(): number
  /** Resolves once everything taken is on disk. @throws what the disk said, if it refused something */
  close(): Promise<void>
}

const maxQueuedBytes = 8 * 1_048_576

/** @param onError told once when the disk refuses; later lines are refused as `full` */
export function openRotatedFile(
  folder: string,
  name: string,
  limits: { fileBytes: number; maxBytes: number },
  onError: (error: unknown) => void,
): RotatedFile {
  const files: string[] = []
  let queue: string[] = []
  let queued = 0
  let total = 0
  let inFile = 0
  let handle: FileHandle | undefined
  let writing: Promise<void> | undefined
  let failed: unknown

  async function next(): Promise<FileHandle> {
    await handle?.close()
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const file = join(folder, `${name}.${String(files.length + 1).padStart(4, '0')}.jsonl`)
    handle = await open(file, 'wx', 0o600)
    files.push(file)
    inFile = 0
    return handle
  }

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      const lines = queue
      queue = []
      queued = 0
      for (let from = 0; from < lines.length; ) {
        const file = handle === undefined || inFile >= limits.fileBytes ? await next() : handle
        let text = ''
        // At least one line, so that one that is larger than a file finds its place.
        do text += lines[from++]
        while (from < lines.length && inFile + text.length < limits.fileBytes)
        await file.appendFile(text)
        inFile += Buffer.byteLength(text)
      }
    }
  }

  return {
    write(line) {
      const size = Buffer.byteLength(line)
      if (failed !== undefined || total + size > limits.maxBytes) return 'full'
      if (queued + size > maxQueuedBytes) return 'queue-full'
      queue.push(line)
      queued += size
      total += size
      writing ??= drain()
        .catch(error => {
          failed = error
          onError(error)
        })
        .finally(() => {
          writing = undefined
        })
      return 'taken'
    },
    files: () => files,
    bytes: () => total,
    async close() {
      while (writing !== undefined) await writing
      await handle?.sync().catch(() => {})
      await handle?.close()
      handle = undefined
      if (failed !== undefined) throw failed
    },
  }
}
