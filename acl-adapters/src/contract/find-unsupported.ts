import type { ComplexType, ElementDeclaration, Message, Operation, Particle, SimpleType } from './contract.ts'

export type Losses = { unsupported: readonly string[]; lossy: readonly string[] }

/**
 * What the codec cannot carry in any message of each operation, and what it may lose, each reason once; operations
 * that lose nothing are left out. Operations share most of their types, so these are looked at together first.
 */
export function findUnsupported(operations: readonly Operation[]): ReadonlyMap<Operation, Losses> {
  const found = new Map<Operation, Losses>()
  for (const use of ['literal', 'encoded'] as const) {
    const alike = operations.filter(operation => operation.use === use)
    if (isNothing(lossesOf(alike, use))) continue
    for (const operation of alike) {
      const losses = lossesOf([operation], use)
      if (!isNothing(losses)) found.set(operation, losses)
    }
  }
  return found
}

function isNothing({ unsupported, lossy }: Losses): boolean {
  return unsupported.length === 0 && lossy.length === 0
}

function lossesOf(operations: readonly Operation[], use: Operation['use']): Losses {
  const lossy = new Set<string>()
  const reasons = new Set<string>()
  const seen = new Set<unknown>()
  const visitElement = (element: ElementDeclaration) => {
    if (seen.has(element)) return
    seen.add(element)
    for (const reason of element.unsupported) reasons.add(reason)
    visitType(element.type)
  }
  const visitType = (type: SimpleType | ComplexType) => {
    if (type.kind === 'simple' || seen.has(type)) return
    seen.add(type)
    for (const reason of type.unsupported) reasons.add(reason)
    if (type.soapArray !== undefined) {
      if (use === 'literal') reasons.add('an array of the SOAP encoding in a literal message')
      visitType(type.soapArray.item)
      return
    }
    if (type.content !== undefined) visitParticle(type.content)
    for (const derived of type.derived) visitType(derived)
  }
  const visitParticle = (particle: Particle) => {
    if (particle.kind === 'any') return
    if (particle.kind === 'element') {
      visitElement(particle.element)
      for (const substitute of particle.element.substitutes) visitElement(substitute)
    } else {
      if (particle.undelimited !== undefined) lossy.add(particle.undelimited)
      for (const item of particle.items) visitParticle(item)
    }
  }
  const visitMessage = ({ element, parts, headers }: Message) => {
    if (element !== undefined) visitElement(element)
    for (const one of [...(parts ?? []), ...(headers ?? [])]) visitElement(one)
  }
  for (const { input, output, faults } of operations) {
    visitMessage(input)
    if (output !== undefined) visitMessage(output)
    for (const { element } of faults) visitElement(element)
  }
  return { unsupported: [...reasons], lossy: [...lossy] }
}
