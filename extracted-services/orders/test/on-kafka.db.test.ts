import { describe } from '@jest/globals'
import { testOrderOutcomes } from './order-outcomes.ts'

/** `host:port` of a Kafka that is running and knows nothing of orders yet. */
const kafka = process.env.STRANGLER_TEST_KAFKA
const describeKafka = kafka === undefined ? describe.skip : describe

describeKafka('orders on Kafka', () => {
  testOrderOutcomes('choreography', { MESSAGING: 'kafka', KAFKA_BROKERS: kafka ?? '' })
})
