/**
 * What the compiler has to say about a place in a WSDL or XSD.
 * `error`: the contract cannot be used. `unsupported`: the operations that reach it are refused, by name, when
 * called. `warning`: a constraint that is not checked; messages stay right.
 */
export type Diagnostic = {
  severity: 'error' | 'unsupported' | 'warning'
  file: string
  line: number
  message: string
}

export type Place = { readonly file: string; readonly line: number }

export type Diagnostics = {
  readonly all: Diagnostic[]
  error(place: Place, message: string): void
  /** @returns the sentence with its place, for what carries it on to the operation */
  unsupported(place: Place, message: string): string
  warning(place: Place, message: string): void
}

export function createDiagnostics(): Diagnostics {
  const all: Diagnostic[] = []
  const said = new Set<string>()
  const add = (severity: Diagnostic['severity'], { file, line }: Place, message: string) => {
    const id = `${file}:${line} ${message}`
    if (!said.has(id)) all.push({ severity, file, line, message })
    said.add(id)
  }
  return {
    all,
    error: (place, message) => add('error', place, message),
    unsupported: (place, message) => {
      add('unsupported', place, message)
      return `${message} (${place.file}:${place.line})`
    },
    warning: (place, message) => add('warning', place, message),
  }
}
