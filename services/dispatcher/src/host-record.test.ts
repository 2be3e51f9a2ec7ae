import { create } from '@bufbuild/protobuf';
import { enforceV1 } from '@portcullis/api';
import { describe, expect, it } from 'vitest';
import { HostRecord } from './host-record.js';

const at = (policy: number, inventory: number) => ({ policy, inventory });
const failureOf = (nic: string) => create(enforceV1.FailureSchema, { nic, reason: 'KERNEL_REFUSED' });

function acknowledged(generation: ReturnType<typeof at>): HostRecord {
  const record = new HostRecord('hosts/h1', { sequence: 1, generation });
  record.acknowledge(generation);
  return record;
}

describe('D4 a host', () => {
  it('that is new lags until it has acknowledged what holds', () => {
    const record = new HostRecord('hosts/h1', { sequence: 1, generation: at(3, 4) });
    expect(record.lags(at(3, 4))).toBe(true);
    record.acknowledge(at(3, 3));
    expect(record.lags(at(3, 4))).toBe(true);
    record.acknowledge(at(3, 4));
    expect(record.lags(at(3, 4))).toBe(false);
    expect(record.inSync).toBe(true);
  });

  it('does not lag for a later change when an earlier one is asked for', () => {
    const record = acknowledged(at(1, 1));
    record.want('policy', at(2, 1));
    record.want('policy', at(5, 1));
    record.acknowledge(at(2, 1));
    expect(record.lags(at(4, 1))).toBe(false);
    expect(record.lags(at(5, 1))).toBe(true);
  });

  it('never gets ahead by an acknowledgement that comes late', () => {
    const record = acknowledged(at(5, 5));
    record.acknowledge(at(2, 2));
    expect(record.applied).toEqual(at(5, 5));
  });

  it('still lags after its list was merged', () => {
    const record = acknowledged(at(1, 1));
    for (let revision = 2; revision < 3000; revision += 1) record.want('policy', at(revision, 1));
    record.acknowledge(at(2998, 1));
    expect(record.lags(at(2999, 1))).toBe(true);
    record.acknowledge(at(2999, 1));
    expect(record.inSync).toBe(true);
  });
});

describe('D4 a host whose kernel no longer holds what it has acknowledged', () => {
  it('lags with everything until it holds it again', () => {
    const record = acknowledged(at(5, 5));
    record.refuse(at(5, 5), [failureOf('')]);
    expect(record.lags(at(3, 3))).toBe(true);
    record.acknowledge(at(5, 5));
    expect(record.lags(at(5, 5))).toBe(false);
  });

  it('lags for the NIC it had to close, and for no other', () => {
    const record = acknowledged(at(5, 5));
    record.refuse(at(5, 5), [failureOf('projects/p/nics/bad')]);
    expect(record.lags(at(5, 5), 'projects/p/nics/bad')).toBe(true);
    expect(record.lags(at(5, 5), 'projects/p/nics/good')).toBe(false);
  });

  it('does not lag with what was there before a change it cannot make', () => {
    const record = acknowledged(at(5, 5));
    record.want('policy', at(6, 5));
    record.refuse(at(6, 5), [failureOf('')]);
    expect(record.lags(at(5, 5))).toBe(false);
  });
});

describe('a host whose kernel refused one NIC', () => {
  const record = acknowledged(at(1, 1));
  record.want('policy', at(2, 1));
  record.refuse(at(2, 1), [failureOf('projects/p/nics/bad')]);

  it.each([
    ['the host', undefined, true],
    ['that NIC', 'projects/p/nics/bad', true],
    ['another NIC', 'projects/p/nics/good', false],
  ])('lags for %s: %s %s', (_, nic, lags) => {
    expect(record.lags(at(2, 1), nic)).toBe(lags);
  });

  it('lags for every NIC with what came after', () => {
    const later = acknowledged(at(1, 1));
    later.refuse(at(2, 1), [failureOf('projects/p/nics/bad')]);
    later.want('policy', at(3, 1));
    expect(later.lags(at(3, 1), 'projects/p/nics/good')).toBe(true);
  });

  it('is well again once it has acknowledged', () => {
    record.acknowledge(at(2, 1));
    expect(record.failures).toEqual([]);
    expect(record.lags(at(2, 1))).toBe(false);
  });
});
