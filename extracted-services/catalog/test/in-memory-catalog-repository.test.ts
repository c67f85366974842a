import { createInMemoryCatalogRepository } from './in-memory-catalog-repository.ts'
import { testCatalogRepository } from './repository-contract.ts'

testCatalogRepository(async () => {
  const catalog = createInMemoryCatalogRepository()
  return { catalog, messages: async () => catalog.messages() }
})
