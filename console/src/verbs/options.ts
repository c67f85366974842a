import { InvalidArgumentError, Option } from 'commander'

export const stages = ['legacy', 'shadow', 'canary', 'extracted', 'retired'] as const

const longestText = 500

/** A capability's name, as strangler.yaml allows it: it becomes part of a URL and of what is printed. */
export function capabilityName(text: string): string {
  if (/^[a-z][a-z0-9-]{0,62}$/.test(text)) return text
  throw new InvalidArgumentError('Names have lower-case letters, digits and dashes.')
}

/** `--by`: who is accountable in the audit log. */
export function byOption(user: string): Option {
  return new Option('--by <name>', 'who does this, for the audit log').default(user).argParser(sentence)
}

/** `--reason`: why, for the audit log. */
export function reasonOption(): Option {
  return new Option('--reason <text>', 'why, for the audit log').argParser(sentence)
}

/** `--admin`: where a proxy listens that runs without an engine. */
export function adminOption(): Option {
  return new Option('--admin <url>', 'ask this proxy directly: the admin API of a proxy that runs alone')
}

/** A parser of numbers within bounds, both included. */
export function numberBetween(least: number, most: number, whole = false): (text: string) => number {
  return text => {
    const number = text.trim() === '' ? Number.NaN : Number(text)
    if (number >= least && number <= most && (!whole || Number.isInteger(number))) return number
    throw new InvalidArgumentError(`It must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`)
  }
}

function sentence(text: string): string {
  const trimmed = text.trim()
  if (trimmed === '') throw new InvalidArgumentError('It must not be empty.')
  if (trimmed.length <= longestText) return trimmed
  throw new InvalidArgumentError(`It has ${trimmed.length} characters; at most ${longestText} are kept.`)
}

/** A parser of names with commas between them. */
export function listOption(text: string): string[] {
  const parts = text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
  if (parts.length > 0) return parts
  throw new InvalidArgumentError('Give at least one name.')
}
