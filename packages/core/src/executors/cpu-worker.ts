import { encodeJson } from '../tasks/codec.js';
import { runInTaskContext } from '../tasks/task-context.js';
import { type AttemptEnd, failedAttempt } from './attempt.js';
import type { CpuCall, CpuJob, CpuReply } from './cpu-job.js';
import { loadCpuFunction } from './cpu-module.js';
import { CpuThreadContext } from './cpu-thread-context.js';

/** The thread's side of a CPU task: runs one call and describes how it ended. Never rejects. */
export default async function runCpuCall(call: CpuCall): Promise<CpuReply> {
  const context = new CpuThreadContext(call);
  const end = await attempt(call.job, context);
  // Node ends the thread in the next turn when a rejected promise was left alone: this call has to fail then, not the next.
  await new Promise(setImmediate);
  return { end, progress: context.end() };
}

/** Results and errors become plain data here, in the thread: as they are, not all of them could leave it. */
async function attempt(job: CpuJob, context: CpuThreadContext): Promise<AttemptEnd> {
  try {
    const handler = await loadCpuFunction(job.module, job.exportName);
    const args = job.kwargs === null ? job.args : [...job.args, job.kwargs];
    const result = await runInTaskContext(context, () => handler(...args));
    return { status: 'success', resultJson: encodeJson(result, 'result', job.maxPayloadBytes) };
  } catch (thrown) {
    return failedAttempt(thrown);
  }
}
