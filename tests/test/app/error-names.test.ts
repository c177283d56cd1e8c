import * as core from '@flowrra/core';
import * as scheduler from '@flowrra/scheduler';
import { describe, expect, it } from 'vitest';

/** Classes of errors among the exports of a built package. */
function errorClasses(exports: object): [string, { readonly name: string }][] {
  return Object.entries(exports).filter(([, value]) => typeof value === 'function' && value.prototype instanceof Error);
}

describe.each(Object.entries({ core, scheduler }))('the errors of @flowrra/%s as it is built', (_package, exports) => {
  it('have the names under which they are exported, since results keep these (EX-02)', () => {
    const classes = errorClasses(exports);
    expect(classes.length).toBeGreaterThan(0);
    expect(classes.map(([, { name }]) => name)).toEqual(classes.map(([exported]) => exported));
  });
});
