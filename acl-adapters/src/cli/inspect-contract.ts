import type { Contract, Message, Operation, SoapVersion } from '../contract/contract.ts'
import type { Diagnostic } from '../contract/diagnostic.ts'

export type Fidelity = 'lossless' | 'lossy' | 'unsupported'

export type InspectedOperation = {
  name: string
  style: Operation['style']
  use: Operation['use']
  soap: readonly SoapVersion[]
  /** `{namespace}local` of the Body's child; null where the Body is empty, or there is no reply. */
  input: string | null
  output: string | null
  faults: readonly { name: string; element: string }[]
  fidelity: Fidelity
  /** Where and why, for what is lossy or unsupported. */
  notes: readonly string[]
}

export type Inspection = {
  operations: readonly InspectedOperation[]
  diagnostics: readonly Diagnostic[]
}

/** What the adapters can carry of each operation. */
export function inspectContract(contract: Contract, diagnostics: readonly Diagnostic[]): Inspection {
  return { operations: [...contract.operations.values()].map(inspectOperation), diagnostics }
}

function inspectOperation(operation: Operation): InspectedOperation {
  const { unsupported, lossy } = operation
  return {
    name: operation.name,
    style: operation.style,
    use: operation.use,
    soap: [...operation.actions.keys()].sort(),
    input: elementOf(operation.input),
    output: operation.output === undefined ? null : elementOf(operation.output),
    faults: operation.faults.map(({ name, element }) => ({ name, element: element.name })),
    fidelity: unsupported.length > 0 ? 'unsupported' : lossy.length > 0 ? 'lossy' : 'lossless',
    notes: [...unsupported, ...lossy],
  }
}

function elementOf({ element }: Message): string | null {
  return element?.name ?? null
}

/** The inspection for people: a line an operation, then what the compiler had to say. */
export function formatInspection({ operations, diagnostics }: Inspection): string {
  const width = Math.max(0, ...operations.map(({ name }) => name.length))
  const rows = operations.flatMap(({ name, style, use, soap, fidelity, notes }) => [
    `${name.padEnd(width)}  ${fidelity.padEnd(11)}  ${style}/${use}  SOAP ${soap.join(', ')}`,
    ...notes.map(note => `${' '.repeat(width)}  ${note}`),
  ])
  const said = diagnostics.map(
    ({ severity, file, line, message }) => `${severity} ${file}:${line} ${message}`,
  )
  return [...rows, ...said, ''].join('\n')
}

export type FidelityRefusal = {
  code: 'FIDELITY'
  message: string
  details: { operation: string; fidelity: Fidelity; notes: readonly string[] }
}

/**
 * Why routes of these operations may not leave the legacy side: what the adapters would lose of them.
 * @param only the operations looked at; all of them where empty
 * @param least what each has to be at least
 */
export function fidelityRefusals(
  { operations }: Inspection,
  only: readonly string[],
  least: 'lossless' | 'lossy',
): FidelityRefusal[] {
  return operations
    .filter(({ name, fidelity }) => {
      const isAsked = only.length === 0 || only.includes(name)
      return isAsked && (fidelity === 'unsupported' || (least === 'lossless' && fidelity === 'lossy'))
    })
    .map(({ name, fidelity, notes }) => ({
      code: 'FIDELITY',
      message: `${name} is ${fidelity}, and has to be ${least === 'lossless' ? 'lossless' : 'lossless or lossy'}`,
      details: { operation: name, fidelity, notes },
    }))
}

export function formatRefusals(refusals: readonly FidelityRefusal[]): string {
  if (refusals.length === 0) return 'every operation is carried as it has to be\n'
  return refusals
    .flatMap(({ message, details }) => [message, ...details.notes.map(note => `  ${note}`), ''])
    .join('\n')
}
