import { captureProperties } from './properties/capture-properties.ts'
import { connectProperties } from './properties/connect-properties.ts'
import { connectionProperties } from './properties/connection-properties.ts'
import { runtimeProperties } from './properties/runtime-properties.ts'
import { schemaHistoryProperties } from './properties/schema-history-properties.ts'
import { signalProperties } from './properties/signal-properties.ts'
import { snapshotProperties } from './properties/snapshot-properties.ts'
import { topicProperties } from './properties/topic-properties.ts'
import { valueProperties } from './properties/value-properties.ts'
import { isAvailable, type Property, type PropertyTable, type Target } from './property.ts'

/** Every property of any release and connector; `isAvailable` says which of them a target has. */
export const allProperties: PropertyTable = {
  ...connectProperties,
  ...connectionProperties,
  ...captureProperties,
  ...snapshotProperties,
  ...signalProperties,
  ...valueProperties,
  ...topicProperties,
  ...schemaHistoryProperties,
  ...runtimeProperties,
}

/** The property of that name in that target. */
export function knownProperty(name: string, target: Target): Property | undefined {
  const property = Object.hasOwn(allProperties, name) ? allProperties[name] : undefined
  return property !== undefined && isAvailable(property, target) ? property : undefined
}

/** All names a target reads, sorted. */
export function namesOf(table: PropertyTable, target: Target): string[] {
  return Object.entries(table)
    .filter(([, property]) => isAvailable(property, target))
    .map(([name]) => name)
    .sort()
}

/** What the target takes for a property: the configured value, else Debezium's default. */
export function effectiveValue(
  config: Readonly<Record<string, string>>,
  name: string,
  target: Target,
): string | undefined {
  return config[name]?.trim() ?? knownProperty(name, target)?.default
}
