import { expect, it } from 'vitest';
import { Broadcast } from './broadcast.js';

const tooSlow = () => new Error('too slow');

async function take<Event>(events: AsyncIterable<Event>, count: number): Promise<Event[]> {
  const taken: Event[] = [];
  for await (const event of events) if (taken.push(event) === count) break;
  return taken;
}

it('tells a subscriber what is published before it begins to read', async () => {
  const broadcast = new Broadcast<number>();
  const subscription = broadcast.subscribe(tooSlow);
  broadcast.publish(1);
  broadcast.publish(2);
  expect(await take(subscription, 2)).toEqual([1, 2]);
});

it('tells every subscriber everything', async () => {
  const broadcast = new Broadcast<number>();
  const both = [broadcast.subscribe(tooSlow), broadcast.subscribe(tooSlow)].map((each) => take(each, 1));
  broadcast.publish(7);
  expect(await Promise.all(both)).toEqual([[7], [7]]);
});

it('lets a subscriber go that does not keep up, after what it still has', async () => {
  const broadcast = new Broadcast<number>();
  const subscription = broadcast.subscribe(tooSlow);
  for (let i = 0; i <= 10_000; i += 1) broadcast.publish(i);
  await expect(take(subscription, 10_001)).rejects.toThrow('too slow');
});

it('ends when closed, also while it waits', async () => {
  const broadcast = new Broadcast<number>();
  const subscription = broadcast.subscribe(tooSlow);
  const taken = take(subscription, 1);
  subscription.close();
  expect(await taken).toEqual([]);
});
