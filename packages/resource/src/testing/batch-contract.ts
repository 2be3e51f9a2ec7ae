import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf } from './failure.js';

interface Resource {
  readonly name: string;
  readonly etag: string;
  readonly description: string;
}

type Answer = Readonly<Record<string, Resource[]>> & { readonly revisionToken: string };

/** A service on a store of its own. */
export interface BatchWorld {
  readonly client: object;
  revision(): Promise<number>;
  close(): Promise<void>;
}

/** A kind of resources that come in batches. */
export interface BatchKind {
  /** `securityGroup`; in paths `security_group`. */
  readonly one: string;
  /** `securityGroups`. */
  readonly many: string;
  /** `projects/p`, or undefined where the resources are in no project. */
  readonly parent: string | undefined;
  /** Makes two; returns their names, ascending. */
  readonly make: (world: BatchWorld) => Promise<readonly [string, string]>;
  /** Requests that create two more, one with a name that `make` has taken, and a wrong one with all that is wrong with it. */
  readonly creation?: {
    readonly fresh: readonly [object, object];
    readonly taken: object;
    readonly wrong: readonly [object, readonly string[]];
  };
}

/** What all batches of a service promise, kind by kind. */
export function batchContract(openWorld: () => Promise<BatchWorld>, kinds: readonly BatchKind[]): void {
  describe.each(kinds)('a batch of $many', ({ one, many, parent, make, creation }) => {
    let world: BatchWorld;
    let names: readonly [string, string];

    beforeEach(async () => {
      world = await openWorld();
      names = await make(world);
    });
    afterEach(() => world.close());

    const call = (verb: string, request: object): Promise<Answer> => {
      const method = `batch${verb}${many[0]?.toUpperCase()}${many.slice(1)}`;
      const methods = world.client as Record<string, (request: object) => Promise<Answer>>;
      return methods[method]?.({ ...(parent !== undefined && { parent }), ...request }) ?? Promise.reject(method);
    };
    const get = async (...wanted: string[]) => (await call('Get', { names: wanted }))[many] ?? [];
    const missing = (id: string) => `${names[0].slice(0, names[0].lastIndexOf('/'))}/${id}`;
    const path = one.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const describing = (name: string, description: string, more: object = {}) => ({
      [one]: { name, description, ...more },
      updateMask: { paths: ['description'] },
    });
    const unchanged = async (attempt: () => Promise<unknown>) => {
      const [before, stored] = [await world.revision(), await get(...names)];
      const failure = await failureOf(attempt());
      expect(await world.revision()).toBe(before);
      expect(await get(...names)).toEqual(stored);
      return failure;
    };

    it('is read in the order of the request', async () => {
      const [a, b] = names;
      expect((await get(b, a, b)).map(({ name }) => name)).toEqual([b, a, b]);
    });

    it('is not read unless all of it is there', async () => {
      const [x, y] = [missing('x'), missing('y')];
      expect(await failureOf(get(y, names[0], x, y))).toMatchObject({ code: 'NotFound', resources: [y, x] });
    });

    it('is changed in one revision, and answered in the order of the request', async () => {
      const [a, b] = names;
      const before = await world.revision();
      const answer = await call('Update', { requests: [describing(b, 'first'), describing(a, 'second')] });
      expect(await world.revision()).toBe(before + 1);
      expect(answer[many]?.map(({ name, description }) => [name, description])).toEqual([
        [b, 'first'],
        [a, 'second'],
      ]);
      expect(await get(b, a)).toEqual(answer[many]);
    });

    it('is changed step by step: a request sees those before it', async () => {
      const [a] = names;
      const answer = await call('Update', { requests: [describing(a, 'first'), describing(a, 'second')] });
      expect(answer[many]?.map(({ description }) => description)).toEqual(['first', 'second']);
      const [{ etag = '' } = {}] = await get(a);
      const requests = [describing(a, 'third', { etag }), describing(a, 'fourth', { etag })];
      expect(await unchanged(() => call('Update', { requests }))).toMatchObject({
        code: 'Aborted',
        reason: 'ETAG_MISMATCH',
        request: 'requests[1]',
      });
    });

    it('is not changed when one request fails, and is told which and why', async () => {
      const [a, b] = names;
      const none = missing('none');
      const requests = [describing(a, 'first'), describing(none, ''), describing(b, 'x', { etag: 'x' })];
      expect(await unchanged(() => call('Update', { requests }))).toMatchObject({
        code: 'NotFound',
        reason: 'RESOURCE_NOT_FOUND',
        resources: [none],
        request: 'requests[1]',
        message: `requests[1]: ${none} does not exist`,
      });
    });

    it('is told everything that is wrong with all requests', async () => {
      const [a] = names;
      const requests = [
        { [one]: { name: 'x' }, updateMask: { paths: ['description'] } },
        { ...describing(a, 'x'.repeat(1025)), requestId: randomUUID(), validateOnly: true },
        { [one]: { name: a }, updateMask: { paths: ['create_time'] } },
        {},
      ];
      const failure = await unchanged(() => call('Update', { requests }));
      expect({ ...failure, violations: failure.violations.toSorted() }).toMatchObject({
        code: 'InvalidArgument',
        violations: [
          `requests[0].${path}.name NAME_MALFORMED`,
          `requests[1].${path}.description TEXT_TOO_LONG`,
          'requests[1].request_id FIELD_NOT_SETTABLE',
          'requests[1].validate_only FIELD_NOT_SETTABLE',
          'requests[2].update_mask FIELD_IMMUTABLE',
          `requests[3].${path}.name FIELD_REQUIRED`,
          'requests[3].update_mask FIELD_REQUIRED',
        ].toSorted(),
        request: undefined,
      });
    });

    it.each(['Update', 'Delete', ...(creation ? ['Create'] : [])])('%s takes 1 to 500 requests', async (verb) => {
      const violations = ['requests ITEM_COUNT_OUT_OF_RANGE'];
      expect(await failureOf(call(verb, { requests: [] }))).toMatchObject({ violations });
      expect(await failureOf(call(verb, { requests: Array(501).fill({}) }))).toMatchObject({ violations });
    });

    it('is carried out once when it is sent twice with one id', async () => {
      const [a, b] = names;
      const request = { requests: [describing(a, 'x'), describing(b, 'x')], requestId: randomUUID() };
      const first = await call('Update', request);
      await call('Update', { requests: [describing(a, 'later')] });
      const [revision, stored] = [await world.revision(), await get(a, b)];
      expect(await call('Update', request)).toEqual(first);
      expect([await world.revision(), await get(a, b)]).toEqual([revision, stored]);
    });

    it('is answered and changed not at all when it is only validated', async () => {
      const [a, b] = names;
      const [revision, stored] = [await world.revision(), await get(a, b)];
      const requests = [describing(b, 'x'), describing(a, 'x')];
      const answer = await call('Update', { requests, validateOnly: true });
      expect(answer[many]?.map(({ name, description }) => [name, description])).toEqual([
        [b, 'x'],
        [a, 'x'],
      ]);
      expect([await world.revision(), await get(a, b)]).toEqual([revision, stored]);
    });

    it('is deleted, all or none', async () => {
      const [a, b] = names;
      const none = missing('none');
      expect(await unchanged(() => call('Delete', { requests: [{ name: a }, { name: none }] }))).toMatchObject({
        resources: [none],
        request: 'requests[1]',
      });
      const before = await world.revision();
      await call('Delete', { requests: [{ name: b }, { name: none, allowMissing: true }, { name: a }] });
      expect(await world.revision()).toBe(before + 1);
      expect(await failureOf(get(a, b))).toMatchObject({ code: 'NotFound', resources: [a, b] });
    });

    if (parent !== undefined) {
      it('is of one project', async () => {
        const [a, b] = names;
        const other = b.replace('/p/', '/q/');
        const changes = { requests: [describing(a, ''), describing(other, '')] };
        expect(await unchanged(() => call('Update', changes))).toMatchObject({
          violations: [`requests[1].${path}.name PROJECT_MISMATCH`],
        });
        const deletions = { requests: [{ name: a }, { name: other }] };
        expect(await unchanged(() => call('Delete', deletions))).toMatchObject({
          violations: ['requests[1].name PROJECT_MISMATCH'],
        });
        expect(await unchanged(() => call('Delete', { ...deletions, parent: 'projects/P' }))).toMatchObject({
          violations: ['parent NAME_MALFORMED'],
        });
        expect(await failureOf(get(a, other))).toMatchObject({ violations: ['names[1] PROJECT_MISMATCH'] });
      });
    }

    if (creation) {
      it('is created, all or none', async () => {
        const { fresh, taken, wrong } = creation;
        expect(await unchanged(() => call('Create', { requests: [...fresh, taken] }))).toMatchObject({
          code: 'AlreadyExists',
          request: 'requests[2]',
        });
        expect(await unchanged(() => call('Create', { requests: [fresh[0], wrong[0]] }))).toMatchObject({
          violations: wrong[1].map((violation) => `requests[1].${violation}`),
        });
        const before = await world.revision();
        const made = (await call('Create', { requests: fresh }))[many] ?? [];
        expect(await world.revision()).toBe(before + 1);
        expect(made).toHaveLength(2);
        expect(await get(...made.map(({ name }) => name))).toEqual(made);
      });
    }
  });
}
