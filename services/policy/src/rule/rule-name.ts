import { randomBytes } from 'node:crypto';

/** A name that stays with the rule. 48 random bits: whoever writes it looks whether it is taken. */
export function randomRuleName(securityGroup: string): string {
  return `${securityGroup}/rules/r-${randomBytes(6).toString('hex')}`;
}
