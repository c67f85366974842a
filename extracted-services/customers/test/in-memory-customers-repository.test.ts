import { createInMemoryCustomersRepository } from './in-memory-customers-repository.ts'
import { testCustomersRepository } from './repository-contract.ts'

testCustomersRepository(async () => createInMemoryCustomersRepository())
