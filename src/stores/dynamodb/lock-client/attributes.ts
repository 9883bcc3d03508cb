import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { InvalidOptionError } from '../../../lock/errors.ts';
import type { Item } from '../item.ts';

/** What DynamoDB's numbers reach to; documented under "Supported data types". */
const largest = 9.999_999_999_999_999e125;
const smallest = 1e-130;

/** An attribute as DynamoDB keeps it. Throws `InvalidOptionError` for what it cannot keep. */
export function toAttribute(value: unknown, path: string): AttributeValue {
  if (value === null) return { NULL: true };
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'boolean') return { BOOL: value };
  if (typeof value === 'number') return { N: numberText(value, path) };
  if (Array.isArray(value)) return { L: value.map((each, index) => toAttribute(each, `${path}[${index}]`)) };
  const fields = Object.entries(value as Record<string, unknown>);
  return { M: Object.fromEntries(fields.map(([name, each]) => [name, toAttribute(each, `${path}.${name}`)])) };
}

/** As JSON. Sets are lists, bytes are base64. */
export function fromAttribute(attribute: AttributeValue): unknown {
  if (attribute.S !== undefined) return attribute.S;
  if (attribute.N !== undefined) return Number(attribute.N);
  if (attribute.BOOL !== undefined) return attribute.BOOL;
  if (attribute.L !== undefined) return attribute.L.map(fromAttribute);
  if (attribute.M !== undefined) return fromAttributes(attribute.M);
  if (attribute.SS !== undefined) return attribute.SS;
  if (attribute.NS !== undefined) return attribute.NS.map(Number);
  if (attribute.B !== undefined) return Buffer.from(attribute.B).toString('base64');
  if (attribute.BS !== undefined) return attribute.BS.map((bytes) => Buffer.from(bytes).toString('base64'));
  return null;
}

export function fromAttributes(attributes: Item): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, fromAttribute(value)]));
}

function numberText(value: number, path: string): string {
  const size = Math.abs(value);
  if (size !== 0 && (size > largest || size < smallest))
    throw new InvalidOptionError(path, value, 'DynamoDB keeps numbers from 1e-130 to 9.99e125, and 0');
  return String(value);
}
