import { type AuditEntry, nextEntry } from '@strangler/chassis/audit/audit-entry.ts'
import type { Claim, IdempotencyStore } from '@strangler/chassis/idempotency/answer-once.ts'
import { auditSubject } from '../src/application/change-customers.ts'
import type { CustomersRepository, CustomersWriter } from '../src/application/customers-repository.ts'
import type { Customer, Note } from '../src/domain/customer.ts'

type State = {
  customers: Map<number, Customer>
  notes: Note[]
  audit: AuditEntry[]
  answers: Map<string, Claim & { claimed: false }>
}

/** Customers in memory: writes one after the other, each on a copy that replaces the state when it succeeds. */
export function createInMemoryCustomersRepository(): CustomersRepository {
  let state: State = { customers: new Map(), notes: [], audit: [], answers: new Map() }
  let last: Promise<unknown> = Promise.resolve()
  // As AUTO_INCREMENT does, ids go on growing when a transaction is rolled back.
  const lastId = { customer: 0, note: 0 }

  return {
    find: async id => state.customers.get(id),
    list: async ({ namePrefix = '', status, afterId = 0, limit }) =>
      [...state.customers.values()]
        .filter(customer => customer.id > afterId && customer.name.startsWith(namePrefix))
        .filter(customer => status === undefined || customer.status === status)
        .sort((a, b) => a.id - b.id)
        .slice(0, limit),
    listNotes: async id =>
      state.customers.has(id) ? state.notes.filter(note => note.customerId === id) : undefined,
    auditTrail: async id => state.audit.filter(({ subject }) => subject === auditSubject(id)),
    write: (work, { rehearsal }) => {
      const done = last.then(async () => {
        const draft: State = {
          customers: new Map(state.customers),
          notes: [...state.notes],
          audit: [...state.audit],
          answers: new Map(state.answers),
        }
        const result = await work(writerOn(draft, lastId))
        if (!rehearsal) state = draft
        return result
      })
      last = done.catch(() => {})
      return done
    },
  }
}

function writerOn(draft: State, lastId: { customer: number; note: number }): CustomersWriter {
  return {
    lock: async id => draft.customers.get(id),
    insert: async customer => {
      const inserted = { id: ++lastId.customer, ...customer }
      draft.customers.set(inserted.id, inserted)
      return inserted
    },
    update: async customer => {
      draft.customers.set(customer.id, customer)
    },
    addNote: async note => {
      if (!draft.customers.has(note.customerId)) return undefined
      const added = { id: ++lastId.note, ...note }
      draft.notes.push(added)
      return added
    },
    audit: async action => {
      const last = draft.audit.findLast(({ subject }) => subject === action.subject)
      draft.audit.push(nextEntry(last, action))
    },
    idempotency: idempotencyOn(draft),
  }
}

function idempotencyOn(draft: State): IdempotencyStore {
  const hashes = new Map<string, string>()
  return {
    claim: async (key, requestHash) => {
      const known = draft.answers.get(key)
      if (known !== undefined) return known
      hashes.set(key, requestHash)
      return { claimed: true }
    },
    complete: async (key, answer) => {
      draft.answers.set(key, { claimed: false, requestHash: hashes.get(key) ?? '', answer })
    },
  }
}
