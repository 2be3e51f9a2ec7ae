import { randomUUID } from 'node:crypto';

/**
 * A name that stays with the rule. 48 random bits: whoever writes it looks whether it is taken. They are of a UUID, for which
 * Node.js keeps random bytes in store.
 */
export function randomRuleName(securityGroup: string): string {
  return `${securityGroup}/rules/r-${randomUUID().replace('-', '').slice(0, 12)}`;
}
