import { expect, test } from '@jest/globals'
import type { Express } from 'express'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { SaxesParser } from 'saxes'
import request from 'supertest'
import type { Product } from '../src/domain/product.ts'
import { encodeProduct, encodeProducts } from '../src/http/product-protobuf.ts'
import { writeProduct, writeProducts } from '../src/http/product-xml.ts'
import { protoFile } from '../src/proto-file.ts'
import { createCatalogApp } from './catalog-app.ts'
import { newProduct } from './repository-contract.ts'

const product: fc.Arbitrary<Product> = fc
  .record({
    name: fc.string({ unit: 'grapheme' }),
    stock: fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }),
    active: fc.boolean(),
  })
  .map(changes => newProduct('A-1', changes))

/** Products in an XML document, by a parser that is not ours. */
function readXml(xml: string): Record<string, string>[] {
  const parser = new SaxesParser()
  const products: Record<string, string>[] = []
  let text = ''
  parser.on('error', error => {
    throw error
  })
  parser.on('opentag', ({ name }) => {
    text = ''
    if (name === 'product') products.push({})
  })
  parser.on('text', more => {
    text += more
  })
  parser.on('closetag', ({ name }) => {
    if (name !== 'product' && name !== 'products') products.at(-1)![name] = text
  })
  parser.write(xml).close()
  return products
}

function readBinary(type: 'Product' | 'ProductList', bytes: Uint8Array): unknown {
  const message = protobuf.loadSync(protoFile).lookupType(`shop.catalog.v1.${type}`)
  return message.toObject(message.decode(bytes), { defaults: true })
}

async function withProducts(): Promise<Express> {
  const app = createCatalogApp()
  await request(app).post('/products').send({ sku: 'A', name: 'Cup <"A"> & Söhne', price: '7.5', stock: 3 })
  await request(app).post('/products').send({ sku: 'B', name: 'Bowl', price: '0.1' })
  return app
}

test('writes XML that a parser reads back to the letter', () => {
  fc.assert(
    fc.property(fc.array(product), products => {
      const texts = products.map(one =>
        Object.fromEntries(Object.entries(one).map(([name, value]) => [name, String(value)])),
      )
      expect(readXml(writeProducts(products))).toEqual(texts)
      if (products[0] !== undefined) expect(readXml(writeProduct(products[0]))).toEqual([texts[0]])
    }),
  )
})

test.each([
  ['carriage\r\nreturn', 'carriage\r\nreturn'],
  [']]> <![CDATA[', ']]> <![CDATA['],
  ['nul\u0000 esc\u001b lone\ud800', 'nul\ufffd esc\ufffd lone\ufffd'],
])('writes the name %j so that it reads as %j', (name, read) => {
  expect(readXml(writeProduct(newProduct('A', { name })))[0]?.name).toBe(read)
})

test('writes binary that the .proto file reads back', () => {
  fc.assert(
    fc.property(fc.array(product), products => {
      expect(readBinary('ProductList', encodeProducts(products))).toEqual({ items: products })
      if (products[0] !== undefined)
        expect(readBinary('Product', encodeProduct(products[0]))).toEqual(products[0])
    }),
  )
})

test('answers one product in each media type', async () => {
  const app = await withProducts()
  const get = (accept: string) => request(app).get('/products/A').set('Accept', accept).buffer(true)
  const json = await get('application/json')
  expect([json.headers['content-type'], json.headers.vary]).toEqual([
    'application/json; charset=utf-8',
    'accept',
  ])
  expect(json.text).toBe(
    '{"sku":"A","name":"Cup <\\"A\\"> & Söhne","price":"7.50","stock":3,"active":true,"updatedAt":"2024-02-29T12:00:00Z"}',
  )
  const xml = await get('application/xml')
  expect([xml.headers['content-type'], xml.headers.vary]).toEqual([
    'application/xml; charset=utf-8',
    'accept',
  ])
  expect(xml.text).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n<product><sku>A</sku><name>Cup &lt;"A"&gt; &amp; Söhne</name>' +
      '<price>7.50</price><stock>3</stock><active>true</active><updatedAt>2024-02-29T12:00:00Z</updatedAt></product>',
  )
  const binary = await get('application/x-protobuf').responseType('blob')
  expect([binary.headers['content-type'], binary.headers.vary]).toEqual(['application/x-protobuf', 'accept'])
  expect(readBinary('Product', binary.body)).toEqual(json.body)
})

test('answers the list in each media type, and an empty one', async () => {
  const app = await withProducts()
  const list = (accept: string, query = '') => request(app).get(`/products${query}`).set('Accept', accept)
  const { items } = (await list('*/*')).body
  expect(items.map(({ sku }: Product) => sku)).toEqual(['A', 'B'])
  expect(readXml((await list('application/xml')).text).map(({ sku }) => sku)).toEqual(['A', 'B'])
  const binary = await list('application/x-protobuf').responseType('blob')
  expect(readBinary('ProductList', binary.body)).toEqual({ items })
  expect((await list('application/xml', '?after=B')).text).toMatch(/<products><\/products>$/)
  expect((await list('application/x-protobuf', '?after=B').responseType('blob')).body).toHaveLength(0)
})

test.each(['/products', '/products/A', '/products/NONE'])(
  'answers 406 for %s in a form that there is not',
  async path => {
    const answer = await request(await withProducts())
      .get(path)
      .set('Accept', 'text/html, application/json;q=0')
    expect([answer.status, answer.type, answer.headers.vary]).toEqual([
      406,
      'application/problem+json',
      'accept',
    ])
    expect(answer.body).toEqual({
      type: 'urn:problem:not-acceptable',
      title: 'Not acceptable',
      status: 406,
      detail: 'products come as application/json, application/xml, application/x-protobuf',
      mediaTypes: ['application/json', 'application/xml', 'application/x-protobuf'],
    })
  },
)

test('tells a problem as a problem, whatever form the product was wanted in', async () => {
  const answer = await request(await withProducts())
    .get('/products/NONE')
    .set('Accept', 'application/xml')
  expect([answer.status, answer.type]).toEqual([404, 'application/problem+json'])
})
