import { loadContract } from '@strangler/acl-adapters/contract/load-contract.ts'

/** Compiles the WSDL at a path, in a process that has done nothing else, and prints how long that took. */
const began = performance.now()
const { contract, diagnostics } = loadContract(process.argv[2]!)
const ms = performance.now() - began
process.stdin.on('end', () => process.exit()).resume()
process.stdout.write(
  `${JSON.stringify({ ms, operations: contract.operations.size, diagnostics: diagnostics.length })}\n`,
)
