import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { Store } from '@portcullis/store';
import { type Collection, checkCount, checkName, type ResourceName, Violations } from '@portcullis/store/resource';
import { refuseLargeAnswer } from '../answer-size.js';
import { refuse } from '../api-errors.js';
import { refuseMissing } from '../lookup.js';
import { maxBatch } from './batch.js';
import { checkInProject, checkProject } from './project.js';

interface BatchGetRequest {
  /** projects/{project}, or projects/- for any; absent where the resources are in none. */
  readonly parent?: string;
  readonly names: readonly string[];
}

export interface BatchGet<Desc extends DescMessage, Answer> {
  readonly collection: Collection<Desc>;
  readonly names: ResourceName<string>;
  /** See `Store.read`. */
  readonly newest?: boolean;
  readonly answer: (found: MessageShape<Desc>[]) => Answer;
}

/** Of one resource in an answer: a tag and a length, of resources that are below 2 MiB. */
const framingBytes = 4;

/** Of all projects. */
const anyProject = 'projects/-';

/** The handler that reads many resources, all or none, in the order of their names in the request, which may name one twice. */
export function batchGet<Desc extends DescMessage, Answer extends object>(
  store: Store,
  { collection, names: form, newest = false, answer }: BatchGet<Desc, Answer>,
): (request: BatchGetRequest) => Promise<Answer> {
  return async ({ parent = anyProject, names }) => {
    const violations = new Violations();
    if (parent !== anyProject) checkProject(violations, parent);
    checkCount(violations, 'names', names.length, { min: 1, max: maxBatch });
    for (const [i, name] of names.slice(0, maxBatch).entries()) {
      const field = `names[${i}]`;
      const ids = checkName(violations, field, name, form);
      if (ids !== undefined && parent !== anyProject) checkInProject(violations, { field, name, parent });
    }
    refuse(violations);
    const { value: found } = await store.read((reading) => collection.getMany(reading, names), { newest });
    refuseMissing([...new Set(names)].map((name) => ({ name, found: found.get(name) })));
    const resources = names.flatMap((name) => found.get(name) ?? []);
    refuseLargeAnswer(resources.reduce((sum, each) => sum + collection.byteCountOf(each) + framingBytes, 0));
    return answer(resources);
  };
}
