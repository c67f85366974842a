/**
 * The reason in a Java stack trace, as one sentence: the innermost cause's message; with its outer one where the inner
 * says too little.
 */
export function sentenceOf(trace: string): string {
  const causes = trace
    .split('\n')
    .filter(line => !/^\s+(at |\.\.\. )/.test(line) && line.trim() !== '')
    .join('\n')
    .split(/^Caused by: /m)
    .map(cause => cause.trim())
    .filter(cause => cause !== '')
  const inner = causes.at(-1) ?? ''
  const { name, message } = split(inner)
  if (message.length >= 12 || causes.length < 2) return limit(message === '' ? name : message)
  const outer = split(causes.at(-2)!)
  return limit(`${outer.message || outer.name} (${[name, message].filter(part => part !== '').join(': ')})`)
}

function split(cause: string): { name: string; message: string } {
  const match = /^([\w.$]+?)(?:: ([\s\S]*))?$/.exec(cause)
  if (match === null) return { name: '', message: cause.replaceAll(/\s+/g, ' ') }
  return { name: match[1]!.split('.').at(-1)!, message: (match[2] ?? '').replaceAll(/\s+/g, ' ').trim() }
}

function limit(sentence: string): string {
  return sentence.length <= 400 ? sentence : `${sentence.slice(0, 399)}…`
}
