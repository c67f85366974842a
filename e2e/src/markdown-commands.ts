/** A block of a page: commands to run, or text that the commands before it print. */
export type CommandBlock = {
  line: number
  text: string
  /** Name of a process that stays up, and how one knows that it is. */
  background?: string
  ready?: string
  /** The exit code that the last command has to have. */
  exit: number
  /** Lines that must be found in what was written. */
  expected: readonly string[]
}

/** The `sh` blocks of a page in order; a block without language after one is what it prints, in part. */
export function markdownCommands(text: string): CommandBlock[] {
  const blocks: CommandBlock[] = []
  const fences = text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)
  for (const { index, 1: info = '', 2: content = '' } of fences) {
    const line = text.slice(0, index).split('\n').length + 1
    if (/^sh\b/.test(info)) {
      const background = attribute(info, 'background')
      const ready = attribute(info, 'ready')
      blocks.push({
        line,
        text: content.trim(),
        exit: Number(attribute(info, 'exit') ?? 0),
        expected: [],
        ...(background === undefined ? {} : { background }),
        ...(ready === undefined ? {} : { ready }),
      })
    } else if (info.trim() === '' && blocks.length > 0) {
      const last = blocks.pop()!
      blocks.push({ ...last, expected: [...last.expected, ...content.trim().split('\n')] })
    }
  }
  return blocks
}

function attribute(info: string, name: string): string | undefined {
  const match = new RegExp(`\\b${name}=(?:"([^"]*)"|(\\S+))`).exec(info)
  return match?.[1] ?? match?.[2]
}
