/**
 * A WSDL as large contracts are: operations of the document/literal wrapped style over types that refer to each
 * other, with derivation, enumerations, choices, attributes and documentation.
 * @param characters how long it is at least
 */
export function largeWsdl(characters: number): string {
  const types: string[] = []
  const rest = { messages: [] as string[], operations: [] as string[], bindings: [] as string[] }
  let length = 0
  for (let index = 0; length < characters; index += 1) {
    const type = typesOf(index)
    const [messages, operation, binding] = operationOf(index)
    types.push(type)
    rest.messages.push(messages)
    rest.operations.push(operation)
    rest.bindings.push(binding)
    length += type.length + messages.length + operation.length + binding.length
  }
  return `<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:bench:large" targetNamespace="urn:bench:large">
<wsdl:types><xs:schema targetNamespace="urn:bench:large" elementFormDefault="qualified">
${types.join('\n')}
</xs:schema></wsdl:types>
${rest.messages.join('\n')}
<wsdl:portType name="LargePortType">
${rest.operations.join('\n')}
</wsdl:portType>
<wsdl:binding name="LargeBinding" type="t:LargePortType"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
${rest.bindings.join('\n')}
</wsdl:binding>
<wsdl:service name="LargeService"><wsdl:port name="LargePort" binding="t:LargeBinding"><soap:address location="http://127.0.0.1/large"/></wsdl:port></wsdl:service>
</wsdl:definitions>
`
}

function typesOf(index: number): string {
  const other = Math.floor(index / 2)
  const base = index % 4 === 3 ? `Thing${index - 1}` : undefined
  const fields = Array.from({ length: 6 }, (_, at) => {
    const type = ['xs:string', 'xs:int', 'xs:decimal', 'xs:dateTime', 'xs:boolean', 'xs:long'][at]
    return `        <xs:element name="field${index}x${at}" type="${type}" minOccurs="${at % 2}"/>`
  }).join('\n')
  const content = `      <xs:sequence>
${fields}
        <xs:element name="state${index}" type="t:State${index}"/>
        <xs:element name="related${index}" type="t:Thing${other}" minOccurs="0" maxOccurs="unbounded" nillable="true"/>
        <xs:choice minOccurs="0"><xs:element name="left${index}" type="xs:string"/><xs:element name="right${index}" type="t:State${index}"/></xs:choice>
      </xs:sequence>
      <xs:attribute name="version${index}" type="xs:int" use="optional"/>`
  const derived = `<xs:complexContent><xs:extension base="t:${base}">${content}</xs:extension></xs:complexContent>`
  return `  <xs:simpleType name="State${index}"><xs:restriction base="xs:string"><xs:enumeration value="OPEN"/><xs:enumeration value="CLOSED"/><xs:maxLength value="20"/></xs:restriction></xs:simpleType>
  <xs:complexType name="Thing${index}">
    <xs:annotation><xs:documentation>What a caller has to know of thing ${index}, at some length as such texts are.</xs:documentation></xs:annotation>
    ${base === undefined ? content : derived}
  </xs:complexType>
  <xs:element name="Find${index}"><xs:complexType><xs:sequence><xs:element name="key" type="xs:string"/><xs:element name="most" type="xs:int" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="Find${index}Response"><xs:complexType><xs:sequence><xs:element name="thing" type="t:Thing${index}" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>`
}

function operationOf(index: number): [messages: string, operation: string, binding: string] {
  const name = `Find${index}`
  return [
    `<wsdl:message name="${name}In"><wsdl:part name="parameters" element="t:${name}"/></wsdl:message><wsdl:message name="${name}Out"><wsdl:part name="parameters" element="t:${name}Response"/></wsdl:message>`,
    `  <wsdl:operation name="${name}"><wsdl:input message="t:${name}In"/><wsdl:output message="t:${name}Out"/></wsdl:operation>`,
    `  <wsdl:operation name="${name}"><soap:operation soapAction="urn:bench:large#${name}" style="document"/><wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>`,
  ]
}
