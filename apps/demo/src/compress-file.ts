import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { isVanished, permanentIfUnreadable } from './file-errors.js';

export interface CompressedFile {
  readonly sha256: string;
  readonly bytes: number;
  readonly compressedBytes: number;
}

const CHUNK = 1024 * 1024;

/**
 * Hashes and compresses a file, one piece after the other: it may be larger than the memory. Gzip allows a file to be
 * made of several members, so every piece is one. Null when the file vanished.
 */
export function compressFile(path: string): CompressedFile | null {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (err) {
    if (isVanished(err, path)) return null;
    throw permanentIfUnreadable(err, path);
  }
  try {
    return compress(file);
  } catch (err) {
    throw permanentIfUnreadable(err, path);
  } finally {
    closeSync(file);
  }
}

function compress(file: number): CompressedFile {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK);
  let bytes = 0;
  let compressedBytes = 0;
  for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) {
    const piece = buffer.subarray(0, read);
    hash.update(piece);
    bytes += read;
    compressedBytes += gzipSync(piece).length;
  }
  return { sha256: hash.digest('hex'), bytes, compressedBytes };
}
