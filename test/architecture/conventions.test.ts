import type { DescMessage } from '@bufbuild/protobuf';
import { inventoryV1, policyV1 } from '@portcullis/api';
import { describe, expect, it } from 'vitest';

const services = [policyV1.PolicyService, inventoryV1.InventoryService];
const methods = services.flatMap((service) => service.methods.map((method) => ({ name: method.name, method })));
const has = (message: DescMessage, ...names: string[]) =>
  names.filter((name) => !message.fields.some((field) => field.name === name));

describe.each(methods)('$name', ({ name, method: { input, output } }) => {
  it('takes what all calls of its kind take', () => {
    const changes = output.fields.some((field) => field.name === 'revision_token') && name !== 'Watch';
    if (changes) expect(has(input, 'request_id', 'validate_only')).toEqual([]);
    if (name.startsWith('Delete')) expect(has(input, 'etag', 'allow_missing')).toEqual([]);
    if (/^(Get|List|BatchGet|Export)/.test(name)) expect(has(input, 'min_revision_token')).toEqual([]);
    if (name.startsWith('List')) expect(has(input, 'filter', 'order_by')).toEqual([]);
  });
});
