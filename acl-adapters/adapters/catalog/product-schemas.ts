type Schema = Readonly<Record<string, unknown>>

const object = (properties: Readonly<Record<string, Schema>>, required: readonly string[]): Schema => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
})
const all = (properties: Readonly<Record<string, Schema>>): Schema =>
  object(properties, Object.keys(properties))

const sku = { type: 'string', minLength: 1, maxLength: 20, pattern: '^[A-Z0-9][A-Z0-9-]*$' }
const name = { type: 'string', minLength: 1, maxLength: 80 }
const int = { type: 'integer', minimum: -2_147_483_648, maximum: 2_147_483_647 }
const price = {
  type: ['string', 'number'],
  description: 'At least 0, at most 999999.99, at most two fraction digits.',
}
const instant = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$' }

/** JSON Schemas of the resources of the catalog, by name. */
export const productSchemas: Readonly<Record<string, Schema>> = {
  Product: all({
    sku,
    name,
    price: { type: 'string', pattern: '^\\d+\\.\\d{2}$' },
    stock: int,
    active: { type: 'boolean' },
    updatedAt: instant,
  }),
  ProductList: all({ items: { type: 'array', items: { $ref: '#/components/schemas/Product' } } }),
  Listing: object({ sku, name, price, stock: { ...int, minimum: 0 } }, ['sku', 'name', 'price']),
  Price: all({ price }),
  Adjustment: all({ delta: int }),
}

export const productQuery = [
  {
    name: 'activeOnly',
    schema: { enum: ['true', 'false'], description: 'Only products that are for sale.' },
  },
  { name: 'after', schema: { type: 'string', description: 'Only SKUs above this text, byte for byte.' } },
  { name: 'limit', schema: { type: 'integer', minimum: 1, maximum: 500, default: 50 } },
] as const
