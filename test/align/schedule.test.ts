import { describe, expect, it } from 'vitest';
import { BatchPlan } from '../../src/align/batch-plan.js';
import { checkSchedule, learningRate, type Schedule } from '../../src/align/schedule.js';

describe('learning rate', () => {
  const at = (schedule: Partial<Schedule>, ...steps: number[]) =>
    steps.map((step) => learningRate({ name: 'constant', rate: 0.8, warmup: 0, steps: 10, ...schedule }, step));

  it('stays, falls along a line, or along half a cosine', () => {
    expect(at({}, 0, 9)).toEqual([0.8, 0.8]);
    expect(at({ name: 'linear' }, 0, 5)).toEqual([0.8, 0.4]);
    expect(at({ name: 'linear' }, 9)[0]).toBeCloseTo(0.08, 15);
    expect(at({ name: 'cosine' }, 0, 5)[1]).toBeCloseTo(0.4, 15);
    expect(at({ name: 'cosine' }, 9)[0]).toBeCloseTo(0.4 * (1 - Math.cos(Math.PI / 10)), 15);
  });

  it('rises first', () => {
    expect(at({ name: 'linear', warmup: 4 }, 0, 1, 3, 4, 7)).toEqual([0.2, 0.4, 0.8, 0.8, 0.4]);
    expect(at({ name: 'cosine', warmup: 10 }, 9)).toEqual([0.8]);
  });

  it.each([
    [{ rate: 0 }, /learning rate: expected a number above 0, got number 0/],
    [{ steps: 1.5 }, /steps: expected a whole number above 0/],
    [{ warmup: 11 }, /warmup: expected a whole number from 0 to the 10 steps/],
    [{ name: 'square' as 'linear' }, /schedule: expected one of constant, linear, cosine, got "square"/],
  ])('refuses %j', (change, message) => {
    expect(() => checkSchedule({ name: 'constant', rate: 1, warmup: 0, steps: 10, ...change })).toThrow(message);
  });
});

describe('batch plan', () => {
  it('sees every slate once in each epoch, in another order each time', () => {
    const plan = new BatchPlan({ slates: 11, batch: 4, seed: 3 });
    expect(plan.stepsPerEpoch).toBe(3);
    const epochs = [0, 1, 2].map((epoch) => [0, 1, 2].flatMap((step) => plan.at(3 * epoch + step)));
    for (const epoch of epochs) expect(epoch.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(new Set(epochs.map(String)).size).toBe(3);
    expect(plan.at(2)).toHaveLength(3);
  });

  it('is the same wherever it is asked from, and another for another seed', () => {
    const inOrder = new BatchPlan({ slates: 50, batch: 8, seed: 3 });
    const steps = Array.from({ length: 20 }, (_, step) => inOrder.at(step));
    expect(new BatchPlan({ slates: 50, batch: 8, seed: 3 }).at(13)).toEqual(steps[13]);
    expect(new BatchPlan({ slates: 50, batch: 8, seed: 4 }).at(13)).not.toEqual(steps[13]);
  });

  it('makes one batch of a log that is smaller', () => {
    expect(new BatchPlan({ slates: 1, batch: 8, seed: 0 }).at(5)).toEqual([0]);
  });
});
