import type { FileKind } from './file-kind.js';

export interface KindTotals {
  readonly kind: FileKind;
  readonly files: number;
  readonly lines: number;
  readonly bytes: number;
  readonly compressedBytes: number;
}

export interface Summary {
  readonly files: number;
  readonly lines: number;
  readonly bytes: number;
  readonly compressedBytes: number;
  /** Largest first. */
  readonly kinds: readonly KindTotals[];
}

export function sumUp(totals: readonly KindTotals[]): Summary {
  const sum = (key: 'files' | 'lines' | 'bytes' | 'compressedBytes') => totals.reduce((all, one) => all + one[key], 0);
  return {
    files: sum('files'),
    lines: sum('lines'),
    bytes: sum('bytes'),
    compressedBytes: sum('compressedBytes'),
    kinds: [...totals].sort((a, b) => b.bytes - a.bytes),
  };
}
