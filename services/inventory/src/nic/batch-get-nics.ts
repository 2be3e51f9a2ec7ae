import { refuse, refuseMissing } from '@portcullis/resource';
import { checkCount, checkName, quote, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { nics } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { nicNames, projectNames } from '../names.js';

const maxNames = 500;

export function batchGetNics({ store }: Dependencies): Handlers['batchGetNics'] {
  return async ({ parent, names }) => {
    const violations = new Violations();
    if (parent !== 'projects/-') checkName(violations, 'parent', parent, projectNames);
    checkCount(violations, 'names', names.length, { min: 1, max: maxNames });
    for (const [i, name] of names.entries()) {
      const ids = checkName(violations, `names[${i}]`, name, nicNames);
      if (ids === undefined || parent === 'projects/-' || parent === projectNames.format(ids)) continue;
      violations.add(`names[${i}]`, 'PROJECT_MISMATCH', `${quote(name)} is not of ${parent}`);
    }
    refuse(violations);
    // Policy takes NICs that are not here out of their groups, whichever replica made them.
    const { value: found } = await store.read((reading) => nics.getMany(reading, names), { newest: true });
    refuseMissing([...new Set(names)].map((name) => ({ name, found: found.get(name) })));
    return { nics: names.flatMap((name) => found.get(name) ?? []) };
  };
}
