import type { ComplexType, ElementDeclaration, Operation, Particle, SimpleType } from './contract.ts'

/** What the codec cannot carry in any message of the operation, and what it may lose, each reason once. */
export function findUnsupported(operation: Operation): {
  unsupported: readonly string[]
  lossy: readonly string[]
} {
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
      if (operation.use === 'literal') reasons.add('an array of the SOAP encoding in a literal message')
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
  const faults = operation.faults.map(({ element }) => element)
  const headers = [...(operation.input.headers ?? []), ...(operation.output?.headers ?? [])]
  const parts = [...(operation.input.parts ?? []), ...(operation.output?.parts ?? [])]
  for (const element of [operation.input.element, operation.output?.element, ...parts, ...headers, ...faults])
    if (element !== undefined) visitElement(element)
  return { unsupported: [...reasons], lossy: [...lossy] }
}
