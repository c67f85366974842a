import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
const skipped = new Set(['node_modules', '.strangler', '.git', 'work', 'coverage'])

export type Page = { path: string; text: string }

/** Every Markdown page of the repository, by its path in it. */
export function documentationPages(folder = root): Page[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : documentationPages(path)
    return entry.name.endsWith('.md')
      ? [{ path: relative(root, path), text: readFileSync(path, 'utf8') }]
      : []
  })
}

/** Where a page leads: targets of links and pictures, code left out. */
export function linksOf({ text }: Page): string[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf({ text }: Page): ReadonlySet<string> {
  const headings = text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#{1,6} +(.+)$/gm)
  return new Set(
    [...headings].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[`*]|\[([^\]]*)\]\([^)]*\)/g, '$1')
        .replace(/[^\p{L}\p{N}\- _]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

/** The `strangler` command lines of a page's shell blocks and inline code, as words. */
export function stranglerCommands({ text }: Page): string[][] {
  const blocks = [...text.matchAll(/^\s*```(?:sh|bash)\b[^\n]*\n([\s\S]*?)^\s*```$/gm)].map(
    ([, code = '']) => code,
  )
  const indented = [...text.matchAll(/^ {4}(npx strangler .+)$/gm)].map(([, line = '']) => line)
  const inline = [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`(npx strangler [^`\n]+)`/g)].map(
    ([, line = '']) => line,
  )
  return [...blocks.flatMap(code => code.replaceAll('\\\n', ' ').split('\n')), ...indented, ...inline]
    .map(line => /^\s*npx strangler\b(.*)$/.exec(line)?.[1])
    .filter(line => line !== undefined)
    .map(shellWords)
}

/** Words as a shell would split them, up to a comment, a pipe or a redirection. */
export function shellWords(line: string): string[] {
  const words: string[] = []
  for (const [word] of line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)) {
    if (/^(#|\||&&|;|>|>>|<|2>)/.test(word)) break
    words.push(word.replace(/"([^"]*)"|'([^']*)'/g, (_all, double, single) => double ?? single))
  }
  return words
}
