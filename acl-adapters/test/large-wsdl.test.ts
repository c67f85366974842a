import { expect, test } from '@jest/globals'
import { compileFiles, schemaOf } from './compile-schema.ts'

test('compiles a WSDL of 2.5 MB with 1,500 operations', () => {
  const count = 1_500
  const each = (write: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => write(index)).join('\n')
  const fields = Array.from(
    { length: 9 },
    (_, at) => `<xs:element name="field${at}" type="xs:${at % 2 ? 'string' : 'int'}" minOccurs="0"/>`,
  ).join('')
  const types = schemaOf(
    each(
      index =>
        `<xs:element name="Do${index}"><xs:complexType><xs:sequence>${fields}<xs:element name="t" type="t:T${index}" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element><xs:element name="Do${index}Response" type="t:T${index}"/><xs:complexType name="T${index}"><xs:sequence>${fields}</xs:sequence></xs:complexType>`,
    ),
  )
  const wsdl = `<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:t="urn:test" targetNamespace="urn:test"><wsdl:types>${types}</wsdl:types>
${each(index => `<wsdl:message name="In${index}"><wsdl:part name="p" element="t:Do${index}"/></wsdl:message><wsdl:message name="Out${index}"><wsdl:part name="p" element="t:Do${index}Response"/></wsdl:message>`)}
<wsdl:portType name="P">${each(index => `<wsdl:operation name="Do${index}"><wsdl:input message="t:In${index}"/><wsdl:output message="t:Out${index}"/></wsdl:operation>`)}</wsdl:portType>
<wsdl:binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>${each(index => `<wsdl:operation name="Do${index}"><soap:operation soapAction="urn:do"/><wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>`)}</wsdl:binding>
<wsdl:service name="S"><wsdl:port name="P" binding="t:B"/></wsdl:service></wsdl:definitions>`
  expect(wsdl.length).toBeGreaterThan(2_500_000)
  const began = process.cpuUsage()
  const { contract } = compileFiles({ 'a.wsdl': wsdl })
  const { user, system } = process.cpuUsage(began)
  expect(contract.operations.size).toBe(count)
  // Processor time, garbage collection on other threads included: what the clock says depends on the neighbours.
  expect((user + system) / 1_000).toBeLessThan(3_000)
})
