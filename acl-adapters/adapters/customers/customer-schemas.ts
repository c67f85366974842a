type Schema = Readonly<Record<string, unknown>>

const text = (maxLength: number): Schema => ({ type: 'string', maxLength })
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] })
const object = (properties: Readonly<Record<string, Schema>>, required: readonly string[]): Schema => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
})
const list = (name: string): Schema =>
  object({ items: { type: 'array', items: { $ref: `#/components/schemas/${name}` } } }, ['items'])
const all = (properties: Readonly<Record<string, Schema>>): Schema =>
  object(properties, Object.keys(properties))

const name = { ...text(80), minLength: 1 }
const email = orNull({ ...text(120), pattern: '^[^\\s@]+@[^\\s@]+$' })
const phone = orNull(text(30))
const vip = { type: 'boolean' }
const status = { enum: ['active', 'suspended', 'closed'] }
const amount = { type: 'string', pattern: '^\\d{1,10}\\.\\d{2}$' }
const creditLimit = {
  type: ['string', 'number'],
  description: 'At least 0, at most 9999999999.99, at most two fraction digits.',
}
const instant = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$' }
const day = { type: 'string', format: 'date' }
const id = { type: 'integer', minimum: 1 }

/** JSON Schemas of the resources of customers, by name. */
export const customerSchemas: Readonly<Record<string, Schema>> = {
  Customer: all({
    id,
    name,
    email,
    phone,
    creditLimit: amount,
    status,
    vip,
    openedAt: instant,
    reviewedOn: orNull(day),
    updatedAt: instant,
  }),
  CustomerList: list('Customer'),
  Note: all({ id, customerId: id, text: { ...text(500), minLength: 1 }, writtenAt: instant }),
  NoteList: list('Note'),
  Opening: object({ name, email, phone, creditLimit, vip }, ['name', 'creditLimit']),
  Revision: object({ name, email, phone, vip }, []),
  CreditLimit: all({ creditLimit }),
  Status: all({ status }),
  NewNote: all({ text: { ...text(500), minLength: 1 } }),
}

export const listQuery = [
  { name: 'name', schema: { type: 'string', description: 'Prefix of the name.' } },
  { name: 'status', schema: status },
  { name: 'after', schema: { type: 'integer', minimum: 0, description: 'Only ids above this one.' } },
  { name: 'limit', schema: { type: 'integer', minimum: 1, maximum: 500, default: 50 } },
] as const
