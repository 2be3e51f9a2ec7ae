import { Code, createClient } from '@connectrpc/connect';
import { healthV1 } from '@portcullis/api';
import { expect, it } from 'vitest';
import { echoService } from './echo-service.fake.js';
import { dial, serve } from './running-server.fake.js';

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = healthV1.HealthCheckResponse_ServingStatus;

it('a check says whether a service, or all of them, can be called now', async () => {
  let ready = false;
  const services = [echoService({}, () => ready)];
  const { address } = await serve({ services });
  const client = createClient(healthV1.Health, dial(address));
  const statuses = async () => [
    (await client.check({ service: 'echo.v1.EchoService' })).status,
    (await client.check({})).status,
  ];
  expect(await statuses()).toEqual([NOT_SERVING, NOT_SERVING]);
  ready = true;
  expect(await statuses()).toEqual([SERVING, SERVING]);
});

it('a check of a service that is not here is NOT_FOUND', async () => {
  const { address } = await serve();
  const check = createClient(healthV1.Health, dial(address)).check({ service: 'nobody' });
  await expect(check).rejects.toMatchObject({ code: Code.NotFound });
});

it('a watch tells each change, and ends with the server', async () => {
  let ready = false;
  const server = await serve({ services: [echoService({}, () => ready)] });
  const client = createClient(healthV1.Health, dial(server.address));
  const watch = client.watch({ service: 'echo.v1.EchoService' })[Symbol.asyncIterator]();
  expect((await watch.next()).value).toMatchObject({ status: NOT_SERVING });
  ready = true;
  expect((await watch.next()).value).toMatchObject({ status: SERVING });
  ready = false;
  expect((await watch.next()).value).toMatchObject({ status: NOT_SERVING });
  const next = watch.next();
  await Promise.all([server.close(), expect(next).rejects.toMatchObject({ code: Code.Unavailable })]);
});

it('a watch of a service that is not here waits for it', async () => {
  const { address } = await serve();
  const leaving = new AbortController();
  const client = createClient(healthV1.Health, dial(address));
  for await (const { status } of client.watch({ service: 'nobody' }, { signal: leaving.signal })) {
    expect(status).toBe(SERVICE_UNKNOWN);
    break;
  }
  leaving.abort();
});
