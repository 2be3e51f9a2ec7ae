import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cidrContains, formatAddress, formatCidr, linkLocalAddress, parseAddress, parseCidr } from './ip.js';

describe('addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::', '::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['fe80::', 'fe80::'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['0:0:0:0:0:0:0:1', '::1'],
  ])('%s is written %s', (text, canonical) => {
    const address = parseAddress(text);
    expect(address && formatAddress(address)).toBe(canonical);
  });

  it.each([
    '',
    ' 10.0.0.1',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '1::2::3',
    'fe80::1%eth0',
    'host.example',
    '10.0.0.1/8',
  ])('%j is refused', (text) => expect(parseAddress(text)).toBeUndefined());

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, (1n << 128n) - 1n), (value) => {
        expect(parseAddress(formatAddress({ family: 6, value }))).toEqual({ family: 6, value });
      }),
    );
  });
});

describe('CIDRs', () => {
  it.each([
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['10.1.2.3', '10.1.2.3/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:db8::5/64', '2001:db8::/64'],
    ['2001:db8::5', '2001:db8::5/128'],
  ])('%s is masked to %s', (text, masked) => {
    const cidr = parseCidr(text);
    expect(cidr && formatCidr(cidr)).toBe(masked);
  });

  it.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/08', '10.0.0.0/-1', '::/129', '/8', '10.0.0.0/8/8'])(
    '%j is refused',
    (text) => expect(parseCidr(text)).toBeUndefined(),
  );

  it.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['0.0.0.0/0', '::1', false],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
  ])('%s contains %s: %s', (cidr, address, expected) => {
    // biome-ignore lint/style/noNonNullAssertion: the rows are well formed
    expect(cidrContains(parseCidr(cidr)!, parseAddress(address)!)).toBe(expected);
  });

  it('forms the link-local address of a MAC', () => {
    expect(linkLocalAddress('52:54:00:12:34:56')).toBe('fe80::5054:ff:fe12:3456');
  });
});
