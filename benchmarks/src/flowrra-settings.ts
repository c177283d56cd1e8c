/** For every app that is measured. Kept results go some time: that costs something, and nobody runs without it. */
export const FLOWRRA_SETTINGS = { backend: { ttl: '1d' } } as const;
