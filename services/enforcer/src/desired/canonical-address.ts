import { formatAddress, parseAddress } from '@portcullis/model';

/** The one text of an address that all services use; undefined for what is no address. */
export function canonicalAddress(text: string): string | undefined {
  const address = parseAddress(text);
  return address === undefined ? undefined : formatAddress(address);
}
