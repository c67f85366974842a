import { watch } from 'node:fs'
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type CompanionFiles, companionFiles } from './companion-files.ts'

/** The file that an operator edits, by hand or through the admin API. */
export type ConfigFile = {
  /** As it was named on the command line. */
  readonly name: string
  /** The files that it names. */
  readonly companions: CompanionFiles
  /** @throws ToolkitError CONFIG_UNREADABLE */
  read(): Promise<string>
  /** Replaces the content in one step: a reader sees the old or the new text. */
  write(text: string): Promise<void>
  /** Calls back after the file may have changed. Answers what ends the watch. */
  watch(onChange: () => void): () => void
}

const settleMs = 20
const pollMs = 1_000

export function configFile(name: string): ConfigFile {
  const path = resolve(name)
  return {
    name,
    companions: companionFiles(name),
    read: () => readText(path, name),
    write: text => replaceFile(path, text),
    watch: onChange => watchFile(path, onChange),
  }
}

async function readText(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new ToolkitError('CONFIG_UNREADABLE', `${name} cannot be read: ${messageOf(error)}`, {
      hint: 'name an existing strangler.yaml with --config',
      cause: error,
    })
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  // Through a symbolic link, so that the link survives.
  const target = await realpath(path)
  const draft = join(dirname(target), `.${basename(target)}.${process.pid}.draft`)
  try {
    const { mode } = await stat(target)
    const handle = await open(draft, 'w', mode & 0o777)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, target)
  } catch (error) {
    await rm(draft, { force: true })
    throw new ToolkitError('CONFIG_NOT_WRITABLE', `${path} cannot be replaced: ${messageOf(error)}`, {
      hint: 'let the proxy write to the folder of its configuration file',
      cause: error,
    })
  }
}

/**
 * The folder is watched, not the file: editors replace the file by another (rename), and Kubernetes switches
 * a link beside it (`..data`). A slow poll covers file systems that report nothing.
 */
function watchFile(path: string, onChange: () => void): () => void {
  const file = basename(path)
  let settle: NodeJS.Timeout | undefined
  const soon = () => {
    clearTimeout(settle)
    settle = setTimeout(onChange, settleMs)
  }
  const watcher = watch(dirname(path), { persistent: false }, (_event, changed) => {
    if (changed === null || changed === file || changed.startsWith('..')) soon()
  })
  watcher.on('error', () => {})
  let last: string | undefined
  const poll = setInterval(() => {
    stat(path).then(
      found => {
        const seen = `${found.ino}:${found.size}:${found.mtimeMs}`
        if (last !== undefined && seen !== last) soon()
        last = seen
      },
      () => {},
    )
  }, pollMs)
  poll.unref()
  return () => {
    clearTimeout(settle)
    clearInterval(poll)
    watcher.close()
  }
}
