import type { DescMessage } from '@bufbuild/protobuf';
import { dispatchV1, enforceV1, healthV1, inventoryV1, policyV1, reflectionV1 } from '@portcullis/api';
import { describe, expect, it } from 'vitest';
import { EchoService } from '../echo-service.fake.js';
import { sharedNetworks } from './request-names.js';
import { explicitRuleOf, ruleOf } from './rules.js';

const services = [
  policyV1.PolicyService,
  inventoryV1.InventoryService,
  dispatchV1.DispatchService,
  enforceV1.EnforceService,
  healthV1.Health,
  reflectionV1.ServerReflection,
];
const methods = services.flatMap((service) => service.methods.map((method) => ({ name: method.name, method })));

describe.each(methods)('$method.parent.name/$name', ({ method }) => {
  it('has a rule', () => {
    expect(explicitRuleOf(method)).toBeDefined();
  });

  it('sends one message if what it names decides', () => {
    const isOpen = ruleOf(method) === 'open';
    expect(isOpen || ['unary', 'server_streaming'].includes(method.methodKind)).toBe(true);
  });

  it('hides no name in a map', () => {
    expect([...mapsOf(method.input)].filter((field) => field !== 'labels')).toEqual([]);
  });
});

it.each([policyV1.PolicyService, inventoryV1.InventoryService])(
  '$name: what only reads needs no more than that',
  (service) => {
    const reading = service.methods.filter(({ name }) => /^(Get|List|BatchGet|Export|Watch)/.test(name));
    const byRule = service.methods.filter((method) => /^read/.test(ruleOf(method)));
    expect(byRule).toEqual(reading);
  },
);

it('a method that no table knows is for admins', () => {
  expect(ruleOf(EchoService.method.once)).toBe('admin');
});

it('the fields that are passed over exist', () => {
  const fields = new Set(methods.flatMap(({ method }) => [...fieldsOf(method.input)]));
  expect([...sharedNetworks].filter((field) => !fields.has(field))).toEqual([]);
});

function* messagesOf(desc: DescMessage, seen = new Set<DescMessage>()): Generator<DescMessage> {
  if (seen.has(desc)) return;
  seen.add(desc);
  yield desc;
  for (const { message } of desc.fields) if (message) yield* messagesOf(message, seen);
}

function* fieldsOf(desc: DescMessage): Generator<string> {
  for (const { typeName, fields } of messagesOf(desc)) for (const { name } of fields) yield `${typeName}.${name}`;
}

function* mapsOf(desc: DescMessage): Generator<string> {
  for (const { fields } of messagesOf(desc)) {
    for (const { name, fieldKind } of fields) if (fieldKind === 'map') yield name;
  }
}
