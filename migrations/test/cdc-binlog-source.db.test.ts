import { openBinlogSource } from '../src/cdc/binlog-source.ts'
import { schemaOf } from '../src/data/database.ts'
import { describeChangeSource } from './cdc-source-contract.ts'
import { openTestDatabases } from './cdc-support.ts'

describeChangeSource(
  'the binlog as a change source',
  async prepare => {
    const databases = await openTestDatabases()
    await prepare(databases.admin, schemaOf(databases.legacy))
    return {
      database: databases.legacy,
      admin: databases.admin,
      open: openBinlogSource,
      close: databases.close,
    }
  },
  { refused: [] },
)
