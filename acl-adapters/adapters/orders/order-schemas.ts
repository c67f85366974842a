import type { RestMapping } from '../../src/rest-facade/rest-mapping.ts'

const amount = { type: 'string', pattern: '^\\d+\\.\\d{2}$' }
const time = { type: 'string', format: 'date-time' }
const sku = { type: 'string', maxLength: 20, pattern: '^[A-Z0-9][A-Z0-9-]*$' }
const quantity = { type: 'integer', minimum: 1, maximum: 9_999 }

export const orderSchemas: RestMapping['schemas'] = {
  Order: {
    type: 'object',
    additionalProperties: false,
    required: ['id', 'status', 'customerId', 'lines', 'total', 'reason', 'placedAt', 'updatedAt', 'version'],
    properties: {
      id: { type: 'string', format: 'uuid' },
      status: { enum: ['CONFIRMED', 'CANCELED'] },
      customerId: { type: 'integer' },
      lines: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['sku', 'quantity', 'unitPrice'],
          properties: { sku, quantity, unitPrice: amount },
        },
      },
      total: amount,
      reason: { anyOf: [{ type: 'object', required: ['code'] }, { type: 'null' }] },
      placedAt: time,
      updatedAt: time,
      version: { type: 'integer', minimum: 1 },
    },
  },
  Placing: {
    type: 'object',
    additionalProperties: false,
    required: ['customerId', 'lines'],
    properties: {
      customerId: { type: 'integer', minimum: 0 },
      lines: {
        type: 'array',
        minItems: 1,
        maxItems: 100,
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['sku', 'quantity'],
          properties: { sku, quantity },
        },
      },
    },
  },
}
