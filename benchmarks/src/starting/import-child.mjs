// A process that imports one package, and answers with what that took: milliseconds, and bytes of resident memory.
const [, , name] = process.argv;
const memoryBefore = process.memoryUsage.rss();
const begin = performance.now();
await import(String(name));
const time = performance.now() - begin;
process.send?.({ figures: { time, memory: process.memoryUsage.rss() - memoryBefore } }, () => process.disconnect());
