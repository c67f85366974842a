import type { Contract } from '../contract/contract.ts'
import type { SoapMapping, SoapOperationMapping } from './soap-mapping.ts'

/** Every operation that can be called, as POST /rpc/{Operation} with the message in CXJ both ways. */
export function rpcMapping({ operations }: Contract): SoapMapping {
  const calls: Record<string, SoapOperationMapping> = {}
  for (const { name, unsupported } of operations.values())
    if (unsupported.length === 0)
      calls[name] = {
        call: input => ({ method: 'POST', path: `/rpc/${encodeURIComponent(name)}`, body: input }),
        reply: body => body,
      }
  // What a problem carries in `fault` is restored by the façade itself.
  return {
    name: 'rpc',
    childOrder: 'schema',
    operations: calls,
    faultOf: () => undefined,
    faultOfInvalid: () => undefined,
  }
}
