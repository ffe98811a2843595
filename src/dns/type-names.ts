const codeByName = new Map<string, number>();
const nameByCode = new Map<number, string>();

/** Registers the mnemonic of a record type. */
export function nameType(code: number, mnemonic: string): void {
  nameByCode.set(code, mnemonic);
  codeByName.set(mnemonic, code);
}

/** The mnemonics of all types that are known by name. */
export function typeNames(): string[] {
  return [...codeByName.keys()];
}

/** The mnemonic of a type, or `TYPEn` (RFC 3597 §5). */
export function printType(code: number): string {
  return nameByCode.get(code) ?? `TYPE${code}`;
}

/** The code of a type's mnemonic (any letter case) or `TYPEn`; undefined if it is neither. */
export function parseType(mnemonic: string): number | undefined {
  const generic = /^TYPE(\d{1,5})$/i.exec(mnemonic);
  if (generic) return Number(generic[1]) < 65536 ? Number(generic[1]) : undefined;
  return codeByName.get(mnemonic.toUpperCase());
}
